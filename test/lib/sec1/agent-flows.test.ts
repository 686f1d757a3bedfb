import { expect } from 'chai';

import { AgentFlows, FlowTable, FlowTokens } from '../../../lib/sec1/index.ts';
import type { Identity } from '../../../lib/identity/index.ts';
import type { Flow, NameAddress, SipRequest } from '../../../sip/index.ts';
import { fakeListener, silentTransport } from '../../support/fake-listener.ts';
import { makeRequest } from '../../support/sip-node.ts';

const IDENTITY: Identity = { scheme: 'gba-digest', subject: 'btid', impus: ['sip:alice@example.com'] };

describe('flows of agents', () => {
  let now: number;
  const udp = silentTransport('UDP');
  const listener = fakeListener('agents', udp, [silentTransport('TCP')]);
  const flow: Flow = { transport: udp, peer: { address: '192.0.2.9', port: 5060 } };

  const make = (secret = 1, worker = 0): AgentFlows =>
    new AgentFlows({
      table: new FlowTable({
        now: () => now,
        maximumFlows: 10,
        keptAliveIdleMilliseconds: 100,
        silentIdleMilliseconds: 1000,
        firstSerial: 7,
      }),
      tokens: new FlowTokens(Buffer.alloc(32, secret), worker),
      listeners: [listener],
      flowTimerSeconds: { UDP: 30, TCP: 120, 'DTLS-UDP': 30 },
    });

  const register = (contact: string, via = ''): SipRequest => {
    const request = makeRequest('REGISTER');
    request.prepend('Via', `SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx${via}`);
    request.append('Contact', contact);
    return request;
  };

  /** Our Route entries, with the token of the flow that the request opens. */
  const routes = (flows: AgentFlows, request: SipRequest): NameAddress[] => {
    const entered = flows.enter(request, flow, listener, IDENTITY);
    if (entered === undefined) throw new Error('not entered');
    return ['sip:inside.example.com;lr', `sip:${flows.token(entered)}@127.0.0.1:5060;lr`].map((uri) => ({
      uri,
      parameters: new Map(),
    }));
  };

  beforeEach(() => {
    now = 0;
  });

  it('are followed while they live', () => {
    const flows = make();
    const found = flows.lookUp(routes(flows, register('<sip:a@10.0.0.1>')));
    expect(found.outcome === 'flow' && found.flow).to.include({ transport: udp, subject: 'btid', required: true });
    expect(flows.counters.followed).to.equal(1);
  });

  it('are required when the Contact is not where the request came from, or the agent asks for outbound', () => {
    for (const [contact, required] of [
      ['<sip:a@192.0.2.9>', false],
      ['<sip:a@192.0.2.9:5060>', false],
      ['<sip:a@192.0.2.9:5062>', true],
      ['<sip:a@10.0.0.1>', true],
      ['<sip:a@192.0.2.9;ob>', true],
      ['<sip:a@192.0.2.9>;reg-id=1', true],
      ['*', true],
      ['nonsense', true],
    ] as const) {
      expect(make().enter(register(contact), flow, listener, IDENTITY)?.required, contact).to.equal(required);
    }
  });

  it('that are gone end in 430 when they are required, and in the Contact otherwise', () => {
    const flows = make();
    const required = routes(flows, register('<sip:a@10.0.0.1>'));
    now = 1000;
    expect(flows.lookUp(required).outcome).to.equal('gone');
    expect(flows.counters.gone).to.equal(1);
    const open = routes(flows, register('<sip:a@192.0.2.9>'));
    now = 2000;
    expect(flows.lookUp(open).outcome).to.equal('none');
    expect(make().lookUp(open).outcome, 'after a restart with the same secret').to.equal('none');
    expect(make().lookUp(required).outcome).to.equal('gone');
    expect(make(2).lookUp(open).outcome, 'with another secret').to.equal('gone');
  });

  it('are not taken for those that had the same addresses before', () => {
    const flows = make();
    const before = routes(flows, register('<sip:a@10.0.0.1>'));
    now = 1000;
    const after = routes(flows, register('<sip:a@10.0.0.1>'));
    expect(flows.lookUp(before).outcome).to.equal('gone');
    expect(flows.lookUp(after).outcome).to.equal('flow');
  });

  it('tell the worker that has them, also to another one', () => {
    const flows = make(1, 3);
    const named = routes(flows, register('<sip:a@10.0.0.1>'));
    expect(make(1, 4).workerOf(named)).to.equal(3);
    expect(make(1, 4).workerOf([{ uri: 'sip:alice@127.0.0.1', parameters: new Map() }])).to.equal(undefined);
  });

  it('are not entered for a peer that proved nothing, nor for a link-local address', () => {
    const none: Identity = { scheme: 'none', subject: '192.0.2.9', impus: [] };
    const request = register('<sip:a@10.0.0.1>');
    expect(make().enter(request, flow, listener, none)).to.equal(undefined);
    const local: Flow = { transport: udp, peer: { address: 'fe80::1%eth0', port: 5060 } };
    expect(make().enter(request, local, listener, IDENTITY)).to.equal(undefined);
  });

  it('answer a bare `keep` in Via, and one that has a value already is left alone (RFC 6223)', () => {
    const flows = make();
    const asked = register('<sip:a@10.0.0.1>', ';keep');
    expect(flows.enter(asked, flow, listener, IDENTITY)?.keptAlive).to.equal(true);
    expect(asked.topVia?.parameters.get('keep')).to.equal('30');
    const told = register('<sip:a@10.0.0.1>', ';keep=5');
    flows.enter(told, flow, listener, IDENTITY);
    expect(told.topVia?.parameters.get('keep')).to.equal('5');
  });
});
