import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { expect } from 'chai';

import { statusOf, type StatusReason } from '../../../lib/identity/index.ts';
import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import type { SipRequest, SipResponse } from '../../../sip/index.ts';
import { DigestGateway } from '../../support/digest-gateway.ts';

const DESK = { username: 'desk', password: 'secret' };
const FROM = 'sip:desk@example.com';

describe('the gateway as a process, when it refuses', function () {
  this.timeout(60_000);
  let system: DigestGateway;
  let raw: RawAgent;
  let silent: Socket;

  before(async () => {
    silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const listener = { host: '127.0.0.1', port: 0, fqdn: 'osg.example.com' };
    system = await DigestGateway.start({
      users: [
        {
          impi: DESK.username,
          impus: [FROM],
          password: Buffer.from(DESK.password),
          settings: { bsfInfo: {}, ussList: [] },
        },
      ],
      listeners: [
        { ...listener, name: 'agents', authenticators: [{ type: 'digest' }] },
        { ...listener, name: 'others', authenticators: [{ type: 'trusted', peers: ['10.0.0.0/8'] }] },
      ],
      sec3: (port) => {
        const silence = [`sip:127.0.0.1:${silent.address().port}`];
        return [
          { name: 'presence', domains: ['example.com'], events: ['presence'], targets: [`sip:127.0.0.1:${port}`] },
          { name: 'silent', domains: ['silent.example.com'], targets: silence, responseTimeoutMilliseconds: 200 },
          { name: 'slow', domains: ['slow.example.com'], targets: silence, responseTimeoutMilliseconds: 3000 },
          { name: 'gone', domains: ['gone.example.com'], targets: ['sip:no-such-host.invalid'] },
        ];
      },
    });
    raw = await RawAgent.open({ address: '127.0.0.1', port: await system.port('agents') });
  });

  after(async () => {
    await raw.close();
    silent.close();
    expect(await system.stop()).to.deep.equal([0, 0]);
  });

  const request = (method = 'MESSAGE', target = 'sip:bob@example.com'): SipRequest =>
    raw.createRequest(method, target, FROM);

  const authenticated = async (made: SipRequest): Promise<SipResponse> =>
    raw.send(raw.answer(made, await raw.send(made), DESK));

  /** The same word in response, log and metric; the status that the catalogue has for it. */
  const expectReason = async (
    reason: StatusReason,
    { response, callId }: { response: SipResponse; callId: string },
    status = statusOf(reason),
  ): Promise<void> => {
    expect(response.status, reason).to.equal(status);
    expect(response.header('Warning')).to.equal(`399 osg.example.com "osgate: ${reason}"`);
    const metric = `osgate_sip_refused_total{reason="${reason}",status="${status}"}`;
    expect(await system.metric(metric), metric).to.be.greaterThan(0);
    await system.gateways[0]?.waitFor(
      `${reason} in the log`,
      (record) => record['event'] === 'refused' && record['reason'] === reason && record['callId'] === callId,
      5000,
    );
  };

  for (const [reason, make] of Object.entries<() => SipRequest>({
    'no-target': () => request('MESSAGE', 'sip:bob@elsewhere.example'),
    'bad-event': () => edited(request('SUBSCRIBE'), 'Event', 'dialog'),
    'foreign-dialog': () => edited(request('INFO'), 'To', '<sip:bob@example.com>;tag=1'),
    'identity-not-allowed': () => edited(request(), 'From', '<sip:boss@example.com>;tag=1'),
    'unresolved-host': () => request('MESSAGE', 'sip:bob@gone.example.com'),
    'target-timeout': () => request('MESSAGE', 'sip:bob@silent.example.com'),
    'malformed-route': () => edited(request(), 'Route', '<:>'),
  })) {
    it(`says ${reason} to an agent that it knows`, async () => {
      const made = make();
      await expectReason(reason as StatusReason, { response: await authenticated(made), callId: made.callId });
    });
  }

  for (const [reason, make] of Object.entries<() => SipRequest>({
    'no-transaction': () => request('CANCEL'),
    'unsupported-uri-scheme': () => request('MESSAGE', 'http://example.com'),
    'malformed-request-uri': () => request('MESSAGE', 'sip:@:'),
    'too-many-hops': () => edited(request(), 'Max-Forwards', '0'),
    'bad-extension': () => edited(request(), 'Proxy-Require', 'x-new'),
    'cseq-method-mismatch': () => edited(request(), 'CSeq', '1 INFO'),
    'malformed-max-forwards': () => edited(request(), 'Max-Forwards', 'many'),
    'malformed-credentials': () => edited(request(), 'Proxy-Authorization', 'Digest realm="osg.example.com"'),
  })) {
    it(`says ${reason} to anybody`, async () => {
      const made = make();
      await expectReason(reason as StatusReason, { response: await raw.send(made), callId: made.callId });
    });
  }

  it('says untrusted-peer where peers are known by their address alone', async () => {
    const other = await RawAgent.open({ address: '127.0.0.1', port: await system.port('others') });
    try {
      const made = other.createRequest('MESSAGE', 'sip:bob@example.com', FROM);
      await expectReason('untrusted-peer', { response: await other.send(made), callId: made.callId });
    } finally {
      await other.close();
    }
  });

  it('says nothing in challenges, first or last', async () => {
    const made = request();
    const first = await raw.send(made);
    const last = await raw.send(raw.answer(made, first, { ...DESK, password: 'wrong' }));
    for (const response of [first, last]) {
      expect(response.status).to.equal(407);
      expect(response.has('Warning')).to.equal(false);
    }
  });

  it('says draining once it is told to stop', async () => {
    const slow = request('MESSAGE', 'sip:bob@slow.example.com');
    const pending = authenticated(slow);
    // Earlier requests to the silent target may still be sent again.
    for (let text = ''; !text.startsWith('MESSAGE sip:bob@slow.');) {
      const [datagram] = (await once(silent, 'message')) as [Buffer];
      text = datagram.toString('latin1');
    }
    system.gateways[0]?.kill('SIGTERM');
    let late = request();
    let response = await raw.send(late);
    for (const deadline = Date.now() + 5000; response.status !== 503 && Date.now() < deadline;) {
      late = request();
      response = await raw.send(late);
    }
    expect(response.status).to.equal(503);
    expect(response.header('Warning')).to.equal('399 osg.example.com "osgate: draining"');
    expect(response.has('Retry-After')).to.equal(true);
    await pending.catch(() => undefined);
  });
});

function edited(request: SipRequest, name: string, value: string): SipRequest {
  request.set(name, value);
  return request;
}
