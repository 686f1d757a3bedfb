import { expect } from 'chai';

import type { PasswordSubscriber, UserSecuritySetting } from '../../../kmc/subscribers/index.ts';
import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import type { SipRequest, SipResponse } from '../../../sip/index.ts';
import { DigestGateway } from '../../support/digest-gateway.ts';

const user = (name: string, ussList: readonly UserSecuritySetting[]): PasswordSubscriber => ({
  impi: name,
  impus: [`sip:${name}@example.com`, `sip:${name}-work@example.com`],
  password: Buffer.from(name),
  settings: { bsfInfo: {}, ussList },
});

const GOLD = [{ gsid: 7, flags: [5] }];

describe('the gateway as a process, with a policy by user security settings', function () {
  this.timeout(60_000);
  let system: DigestGateway;
  let agents: RawAgent;
  let strict: RawAgent;

  before(async () => {
    const authenticators = [{ type: 'digest', gsids: [0, 7] }];
    const listener = { host: '127.0.0.1', port: 0, fqdn: 'osg.example.com', authenticators };
    system = await DigestGateway.start({
      users: [
        user('plain', []),
        user('gold', [
          { gsid: 0, type: 0, uids: [], flags: [1] },
          { gsid: 7, type: 7, uids: ['sip:gold-work@example.com'], flags: [5, 6] },
        ]),
      ],
      listeners: [
        { ...listener, name: 'agents', unauthenticatedMethods: ['OPTIONS'] },
        { ...listener, name: 'strict', requires: [{ gsid: 7 }] },
      ],
      sec3: (port) => {
        const targets = [`sip:127.0.0.1:${port}`];
        return [
          { name: 'all', domains: ['example.com'], targets },
          { name: 'gold', domains: ['gold.example.com'], requires: GOLD, targets },
          { name: 'first', domains: ['choice.example.com'], requires: GOLD, otherwise: 'next', targets },
          { name: 'second', domains: ['choice.example.com'], methods: ['MESSAGE'], targets },
          { name: 'third', domains: ['last.example.com'], requires: GOLD, otherwise: 'next', targets },
        ];
      },
      gateway: { policy: { methods: [{ methods: ['SUBSCRIBE', 'PUBLISH'], requires: [{ gsid: 0, flags: [1] }] }] } },
    });
    agents = await RawAgent.open({ address: '127.0.0.1', port: await system.port('agents') });
    strict = await RawAgent.open({ address: '127.0.0.1', port: await system.port('strict') });
  });

  after(async () => {
    await Promise.all([agents.close(), strict.close()]);
    expect(await system.stop()).to.deep.equal([0, 0]);
  });

  interface Attempt {
    readonly method?: string;
    readonly from?: string;
    readonly domain?: string;
    readonly raw?: RawAgent;
    readonly edit?: (request: SipRequest) => void;
  }

  /** What becomes of a request: the status, the reason in the Warning, and what was asserted to the target. */
  const attempt = async (name: string, { method = 'MESSAGE', from = name, ...more }: Attempt = {}): Promise<string> => {
    const raw = more.raw ?? agents;
    const request = raw.createRequest(method, `sip:bob@${more.domain ?? 'example.com'}`, `sip:${from}@example.com`);
    more.edit?.(request);
    const credentials = { username: name, password: name };
    const response = await raw.send(raw.answer(request, await raw.send(request), credentials));
    const record = system.locationServer.records.find(({ callId }) => callId === request.callId);
    const asserted = record === undefined ? '' : ` ${String(record['asserted'])}`;
    return `${response.status}${reasonOf(response)}${asserted}`;
  };

  it('asserts and routes as ever where nothing is required', async () => {
    expect(await attempt('plain')).to.equal('200 <sip:plain@example.com>');
    expect(await attempt('gold', { from: 'gold-work' })).to.equal('200 <sip:gold-work@example.com>');
  });

  it('sends nobody to a target whose flags he lacks, and others only under the identities of that setting', async () => {
    const domain = 'gold.example.com';
    expect(await attempt('plain', { domain })).to.equal('403 not-permitted');
    expect(await attempt('gold', { domain, from: 'gold-work' })).to.equal('200 <sip:gold-work@example.com>');
    expect(await attempt('gold', { domain, from: 'gold' })).to.equal('403 identity-not-allowed');
    const edit = (request: SipRequest): void => {
      request.append('P-Preferred-Identity', '<sip:gold@example.com>');
    };
    expect(await attempt('gold', { domain, from: 'gold-work', edit }), 'a preference that is not good here').to.equal(
      '200 <sip:gold-work@example.com>',
    );
  });

  it('looks for a further target where the configuration says so', async () => {
    const domain = 'choice.example.com';
    expect(await attempt('plain', { domain })).to.equal('200 <sip:plain@example.com>');
    expect(await attempt('gold', { domain, from: 'gold' }), 'gold gets the first one').to.equal(
      '403 identity-not-allowed',
    );
    expect(await attempt('plain', { domain, method: 'INFO' })).to.equal('403 not-permitted');
    expect(await attempt('plain', { domain: 'last.example.com' })).to.equal('403 not-permitted');
  });

  it('keeps methods for those with the flags, inside dialogs too', async () => {
    for (const method of ['SUBSCRIBE', 'PUBLISH']) {
      expect(await attempt('plain', { method }), method).to.equal('403 not-permitted');
    }
    const inDialog = (request: SipRequest): void => {
      request.set('To', '<sip:bob@example.com>;tag=1');
    };
    expect(await attempt('plain', { method: 'SUBSCRIBE', edit: inDialog })).to.equal('403 not-permitted');
    expect(await attempt('gold', { method: 'SUBSCRIBE', edit: inDialog })).to.equal('481 foreign-dialog');
    expect(await attempt('gold', { method: 'PUBLISH' })).not.to.match(/^40[37]/);
  });

  it('lets only those in by a listener who have what it requires', async () => {
    expect(await attempt('plain', { raw: strict })).to.equal('403 not-permitted');
    expect(await attempt('gold', { raw: strict, from: 'gold' })).to.equal('403 identity-not-allowed');
    expect(await attempt('gold', { raw: strict, from: 'gold-work' })).to.equal('200 <sip:gold-work@example.com>');
  });

  it('sends nobody who proved nothing to a target that requires something', async () => {
    const options = agents.createRequest('OPTIONS', 'sip:bob@gold.example.com', 'sip:gold-work@example.com');
    const response = await agents.send(options);
    expect(`${response.status}${reasonOf(response)}`).to.equal('403 not-permitted');
  });

  it('lets the inside, which is no subscriber, use every method and target', async () => {
    const server = await RawAgent.open({ address: '127.0.0.1', port: await system.port('inside') });
    try {
      const request = server.createRequest('MESSAGE', 'sip:bob@gold.example.com', 'sip:server@example.com');
      request.append('P-Asserted-Identity', '<sip:server@example.com>');
      expect((await server.send(request)).status).to.equal(200);
    } finally {
      await server.close();
    }
  });

  it('says in log and metrics why', async () => {
    expect(await system.metric('osgate_sip_refused_total{reason="not-permitted",status="403"}')).to.be.greaterThan(5);
    const [gateway] = system.gateways;
    expect(gateway?.records.some(({ event, reason }) => event === 'refused' && reason === 'not-permitted')).to.equal(
      true,
    );
  });
});

function reasonOf(response: SipResponse): string {
  const match = /^399 osg\.example\.com "osgate: ([a-z-]+)"$/.exec(response.header('Warning') ?? '');
  return match === null ? '' : ` ${match[1] ?? ''}`;
}
