import { randomBytes } from 'node:crypto';

import { NafId, UaSecurityProtocolId, type BootstrappingInfo, type KeyCentre } from '../../kmc/index.ts';
import { nafKeyPassword } from '../../kmc/gba/index.ts';
import { EdgeReporter } from '../../lib/gateway/edge-reporter.ts';
import { localNames } from '../../lib/gateway/local-names.ts';
import { AuthenticatorChain, GbaDigestAuthenticator, KeyCache, TrustedAuthenticator } from '../../lib/identity/index.ts';
import { createLogger, Metrics } from '../../lib/ops/index.ts';
import { DialogTokens, SipEdge, SipRouter, type SipListener } from '../../lib/sec1/index.ts';
import { HostResolver, SipTarget, SipTargetTable } from '../../lib/sec3/index.ts';
import {
  answerChallenge,
  parseMessage,
  ProxyCore,
  SipRequest,
  TimerWheel,
  TransactionEngine,
  type Peer,
  type Transport,
} from '../../sip/index.ts';

const FQDN = 'osg.example.com';
const AGENT: Peer = { address: '127.0.0.2', port: 40_000 };
const SERVER: Peer = { address: '127.0.0.3', port: 5060 };

/** The SIP edge without sockets: what an exchange costs besides them. */
export class Exchange {
  readonly #sent: Buffer[] = [];
  readonly #agents: Transport;
  readonly #inside: Transport;
  readonly #engine: TransactionEngine;
  readonly #btid = `${randomBytes(16).toString('base64')}@bsf.mnc001.mcc001.pub.3gppnetwork.org`;
  readonly #key = randomBytes(32);

  constructor() {
    this.#agents = this.#transport('127.0.0.1', 5060);
    this.#inside = this.#transport('127.0.0.1', 5062);
    const info: BootstrappingInfo = {
      keys: { meKeyMaterial: this.#key },
      impi: 'alice@example.com',
      expiresAt: Date.now() + 1e9,
      createdAt: Date.now(),
      securitySettings: [{ gsid: 0, type: 0, uids: ['sip:alice@example.com'], flags: [] }],
    };
    const keyCentre: KeyCentre = { bootstrappingInfo: () => Promise.resolve(info), close: () => Promise.resolve() };
    const digest = new GbaDigestAuthenticator({
      realm: `3GPP-bootstrapping@${FQDN}`,
      nafId: new NafId(FQDN, UaSecurityProtocolId.LOCSIP),
      keys: new KeyCache({ keyCentre, maximumKeys: 1000 }),
      gsids: [0],
      algorithms: ['MD5'],
      qop: ['auth'],
      challenge: 'proxy',
      nonceSecret: randomBytes(32),
      nonceLifetimeSeconds: 300,
      nonceCountWindow: 64,
      maximumNonces: 500_000,
    });
    const listener = (name: string, transport: Transport, chain: AuthenticatorChain, inside: boolean): SipListener => ({
      name,
      fqdn: name === 'agents' ? FQDN : 'inside.example.com',
      transport,
      authenticators: chain,
      counters: () => ({}),
      trusts: () => inside,
    });
    const trusted = new TrustedAuthenticator({ peers: ['127.0.0.0/8'] });
    const listeners = [
      listener('agents', this.#agents, new AuthenticatorChain({ authenticators: [digest] }), false),
      listener('inside', this.#inside, new AuthenticatorChain({ authenticators: [trusted] }), true),
    ];
    const [, inside] = listeners;
    const reporter = new EdgeReporter(createLogger({ level: 'info', format: 'json' }, 'gateway'), new Metrics(), 'none');
    reporter.setListeners(listeners);
    const wheel = new TimerWheel();
    this.#engine = new TransactionEngine({
      scheduler: wheel,
      random: randomBytes,
      observe: reporter,
      limits: { maxServerTransactions: 200_000, maxClientTransactions: 200_000 },
    });
    const isLocal = localNames(listeners);
    const tokens = new DialogTokens(randomBytes(32));
    const target = new SipTarget({ uri: 'sip:127.0.0.3:5060', host: SERVER.address, port: 5060, retryAfterMilliseconds: 1 });
    const targets = new SipTargetTable([
      { name: 'bench', domains: ['example.com'], responseTimeoutMilliseconds: 4000, targets: [target] },
    ]);
    const router = new SipRouter({
      listeners,
      targets,
      inside: inside === undefined ? new Map() : new Map([['bench', inside]]),
      tokens,
      isLocal,
    });
    const edge = new SipEdge({ listeners, router, tokens, resolver: new HostResolver(), scheduler: wheel, events: reporter });
    this.#engine.setUser(
      new ProxyCore({ engine: this.#engine, scheduler: wheel, handler: edge, isLocal, loopSecret: randomBytes(32) }),
    );
  }

  /** Runs `count` exchanges step by step and gives the microseconds of each step for one of them. */
  async run(count: number): Promise<Record<'challenge' | 'forward' | 'answer', number>> {
    const first = Array.from({ length: count }, (_, number) => message(number));
    const challenge = this.#time(first, this.#agents, AGENT);
    const authenticated = challenge.sent.map((response, index) => this.#authenticate(first[index], response));
    if (count === 1) {
      this.#time(authenticated, this.#agents, AGENT);
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { challenge: 0, forward: 0, answer: 0 };
    }
    const forward = this.#time(authenticated, this.#agents, AGENT);
    const answers = forward.sent.map((request) => {
      const parsed = parseMessage(request);
      if (!parsed.ok || !(parsed.message instanceof SipRequest)) throw new TypeError('nothing was forwarded');
      return parsed.message.createResponse(200).toBuffer();
    });
    const answer = this.#time(answers, this.#inside, SERVER);
    if (answer.sent.length !== count || !answer.sent.every((sent) => sent.toString('latin1').startsWith('SIP/2.0 200'))) {
      throw new TypeError('not every exchange was answered 200');
    }
    return { challenge: challenge.microseconds, forward: forward.microseconds, answer: answer.microseconds };
  }

  close(): void {
    this.#engine.close();
  }

  #time(datagrams: readonly Buffer[], transport: Transport, peer: Peer): { sent: Buffer[]; microseconds: number } {
    this.#sent.length = 0;
    const started = process.cpuUsage();
    for (const datagram of datagrams) this.#engine.receive(datagram, { transport, peer });
    const { user, system } = process.cpuUsage(started);
    return { sent: this.#sent.slice(), microseconds: (user + system) / datagrams.length };
  }

  #transport(address: string, port: number): Transport {
    return {
      protocol: 'UDP',
      reliable: false,
      local: { address, port },
      sentBy: `${address}:${port}`,
      send: (bytes) => {
        this.#sent.push(bytes);
      },
      close: () => Promise.resolve(),
    };
  }

  #authenticate(datagram: Buffer | undefined, response: Buffer): Buffer {
    const parsed = parseMessage(datagram ?? Buffer.alloc(0));
    const challenge = parseMessage(response);
    if (!parsed.ok || !(parsed.message instanceof SipRequest) || !challenge.ok) throw new TypeError('no challenge');
    const request = parsed.message;
    const answer = answerChallenge({
      challenges: challenge.message.headers('Proxy-Authenticate'),
      username: this.#btid,
      password: nafKeyPassword(this.#key),
      method: 'MESSAGE',
      uri: request.uri,
      body: request.body,
      cnonce: '0123456789abcdef',
    });
    request.set('Via', `${request.header('Via') ?? ''}a`);
    request.set('CSeq', '2 MESSAGE');
    request.append('Proxy-Authorization', answer?.credentials ?? '');
    return request.toBuffer();
  }
}

function message(number: number): Buffer {
  const id = randomBytes(8).toString('hex');
  return Buffer.from(
    [
      'MESSAGE sip:bob@example.com SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.2:40000;rport;branch=z9hG4bK-${id}-${number}-0`,
      'Max-Forwards: 70',
      `From: <sip:alice@example.com>;tag=${id}SIPpTag${number}`,
      'To: <sip:bob@example.com>',
      `Call-ID: ${number}-${id}@127.0.0.2`,
      'CSeq: 1 MESSAGE',
      'Contact: <sip:agent@127.0.0.2:40000>',
      'Content-Type: text/plain',
      'Content-Length: 64',
      '',
      'The quick brown fox jumps over the lazy dog, and then once more.',
    ].join('\r\n'),
    'latin1',
  );
}
