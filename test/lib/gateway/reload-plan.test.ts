import { expect } from 'chai';

import { parseConfig, type Config } from '../../../lib/config/index.ts';
import { planReload } from '../../../lib/gateway/reload-plan.ts';

describe('the plan of a reload', () => {
  it('has nothing to do when nothing changed', () => {
    expect(planReload(config(), config())).to.deep.equal({ config: config(), applied: [], ignored: [] });
  });

  it('takes targets, authenticators, limits and the log level on', () => {
    const after = config({
      log: 'debug',
      peers: '192.0.2.0/24',
      target: 'sip:192.0.2.9:5060',
      limits: '{ maximumHeaders: 100 }',
    });
    const plan = planReload(config(), after);
    expect(plan.applied).to.have.members([
      'log.level',
      'gateway.sec1.sip[0].authenticators',
      'gateway.sec3.sip',
      'gateway.limits.maximumHeaders',
    ]);
    expect(plan.ignored).to.deep.equal([]);
    expect(plan.config).to.deep.equal(after);
  });

  it('leaves what needs a restart as it was, and names it', () => {
    const plan = planReload(config(), config({ port: 5070, workers: 4, log: 'debug' }));
    expect(plan.applied).to.deep.equal(['log.level']);
    expect(plan.ignored).to.have.members(['gateway.sec1.sip[0].port', 'gateway.workers']);
    expect(plan.config.gateway?.sec1.sip[0]?.port).to.equal(5060);
    expect(plan.config.gateway?.workers).to.equal(1);
    expect(plan.config.log.level).to.equal('debug');
  });

  it('does not take a listener with another name for the same one', () => {
    const plan = planReload(config(), config({ name: 'others', peers: '192.0.2.0/24' }));
    expect(plan.ignored).to.deep.equal(['gateway.sec1.sip']);
    expect(plan.config).to.deep.equal(config());
  });

  it('refuses a rule that sends from a listener that is not open yet', () => {
    const after = config({ name: 'others', listener: 'others' });
    expect(() => planReload(config(), after)).to.throw('gateway.sec3.sip[0].listener: found "others"');
  });

  it('lets everything wait for a restart that it does not know', () => {
    const before = config() as unknown as { gateway: object };
    const after = { ...before, gateway: { ...before.gateway, somethingNew: { deep: 1 } } };
    const plan = planReload(before as unknown as Config, after as unknown as Config);
    expect(plan.ignored).to.deep.equal(['gateway.somethingNew']);
  });
});

function config(changes: Partial<Record<string, string | number>> = {}): Config {
  const { log = 'info', name = 'agents', port = 5060, peers = '10.0.0.0/8', workers = 1 } = changes;
  const { target = 'sip:192.0.2.1:5060', limits = '{}', listener } = changes;
  return parseConfig(
    `
log: { level: ${log} }
gateway:
  keyCentre:
    type: nbsp
    url: https://kmc.example.com
    tls: { certificate: a.pem, privateKey: a.key, authorities: b.pem }
  workers: ${workers}
  limits: ${limits}
  sec1:
    sip:
      - name: ${name}
        host: 127.0.0.1
        port: ${port}
        fqdn: osg.example.com
        authenticators: [{ type: trusted, peers: [${peers}] }]
  sec3:
    sip:
      - name: all
        domains: ['*']
        ${listener === undefined ? '' : `listener: ${listener}`}
        targets: ['${target}']
`,
    '/etc/osgate/osgate.yaml',
  );
}
