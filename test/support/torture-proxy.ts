import { ProxyCore, TransactionEngine, type Flow, type Peer, type Transport } from '../../sip/index.ts';
import { MemoryNetwork } from './memory-network.ts';
import { plainRead, plainValues } from './plain-message.ts';
import { makeRequest, SipNode } from './sip-node.ts';
import { VirtualScheduler } from './virtual-scheduler.ts';

/** What the peers of a proxy see when one message reaches it. */
export interface TortureOutcome {
  /** `forwarded`, `answered 400 (malformed-via)`, `dropped (foreign-response)`, and for a response `passed on` or `absorbed`. */
  readonly verdict: string;
  /** What went out on the other side. */
  readonly forwarded?: Buffer;
  /** What the sender of the request got, or, of a response, what went upstream. */
  readonly answer?: Buffer;
  /** Every address that the proxy sent to. */
  readonly destinations: readonly string[];
}

/** Where a peer listens for an answer: the default port, and those that the Via fields of the corpus name. */
const ANSWER_PORTS = [5060, 5050, 6050, 19_823];
const PROXY_PORT = 5070;
const TARGET_PORT = 5081;

/** Lets the real transaction engine and proxy core have a request, with a target behind them that says 200 to everything. */
export function requestOutcome(message: Buffer): TortureOutcome {
  const world = new World();
  world.target.onServerTransaction = (transaction) => {
    transaction.respond(transaction.request.createResponse(200));
  };
  const answers: Buffer[] = [];
  for (const port of ANSWER_PORTS) world.network.open(port, (datagram) => answers.push(datagram));
  world.receive(message, { address: '192.0.2.1', port: 5060 });
  world.scheduler.advance(100);
  const [forwarded] = world.target.datagrams.map((text) => Buffer.from(text, 'latin1'));
  const final = answers.find((datagram) => !datagram.toString('latin1').startsWith('SIP/2.0 100'));
  const status = /^SIP\/2\.0 (\d+)(?: [^\r]*?( \([a-z-]+\)))?/.exec(final?.toString('latin1') ?? '');
  const { dropped, destinations } = world;
  if (forwarded !== undefined) {
    const verdict = status?.[1] === '200' ? 'forwarded' : `forwarded, and answered ${status?.[1] ?? 'nothing'}`;
    return { verdict, forwarded, destinations, ...(final === undefined ? {} : { answer: final }) };
  }
  if (final === undefined) return { verdict: `dropped (${dropped[0] ?? 'without a reason'})`, destinations };
  return { verdict: `answered ${status?.[1] ?? '?'}${status?.[2] ?? ''}`, answer: final, destinations };
}

/** Lets a response reach the proxy as it stands, as if it were the proxy's own to expect. */
export function responseOutcome(message: Buffer): TortureOutcome {
  const world = new World();
  world.receive(message, world.target.transport.local);
  world.scheduler.advance(100);
  const { dropped, destinations } = world;
  return { verdict: `dropped (${dropped[0] ?? 'without a reason'})`, destinations };
}

/** Lets a response be the answer to a request that the proxy forwarded: its top Via becomes those of that request. */
export function answerOutcome(message: Buffer): TortureOutcome {
  const world = new World();
  const text = message.toString('latin1');
  const method = /^CSeq:[ \t]*\d+[ \t]+(\S+)/im.exec(text)?.[1] ?? 'OPTIONS';
  const upstream: Buffer[] = [];
  const alice = new SipNode(world.network, world.scheduler, 5060);
  alice.engine.request(makeRequest(method), { transport: alice.transport, peer: world.proxy.local }, SILENT);
  world.scheduler.advance(10);
  const vias = plainValues(plainRead(Buffer.from(world.target.datagrams[0] ?? '', 'latin1')), 'via');
  world.receive(
    Buffer.from(text.replace(/^Via:.*$/m, vias.map((via) => `Via: ${via}`).join('\r\n')), 'latin1'),
    world.target.transport.local,
  );
  world.scheduler.advance(20);
  for (const datagram of alice.datagrams) {
    if (!datagram.startsWith('SIP/2.0 100 Trying')) upstream.push(Buffer.from(datagram, 'latin1'));
  }
  const [answer] = upstream;
  const { dropped, destinations } = world;
  if (answer !== undefined) return { verdict: 'passed on', answer, destinations };
  return { verdict: dropped[0] === undefined ? 'absorbed' : `dropped (${dropped[0]})`, destinations };
}

const SILENT = { onResponse: () => undefined, onTimeout: () => undefined };

class World {
  readonly scheduler = new VirtualScheduler();
  readonly network = new MemoryNetwork(this.scheduler);
  readonly target = new SipNode(this.network, this.scheduler, TARGET_PORT);
  readonly dropped: string[] = [];
  readonly destinations: string[] = [];
  readonly proxy: Transport;
  readonly #engine: TransactionEngine;
  #random = 0;

  constructor() {
    const { scheduler } = this;
    this.#engine = new TransactionEngine({
      scheduler,
      random: (octets) => Buffer.alloc(octets, ++this.#random),
      observe: {
        onMessage: (direction, _message, { peer }) => {
          if (direction === 'out') this.destinations.push(`${peer.address}:${peer.port}`);
        },
        onDropped: (reason) => this.dropped.push(reason),
      },
    });
    this.proxy = this.network.open(PROXY_PORT, (datagram, peer) => {
      this.receive(datagram, peer);
    });
    const target: Flow = { transport: this.proxy, peer: this.target.transport.local };
    const core = new ProxyCore({
      engine: this.#engine,
      scheduler,
      handler: {
        onRequest: (context) => {
          context.forward([{ flow: target }]);
        },
        onAck: (context) => {
          context.forward(target);
        },
      },
      isLocal: (uri) => uri.host === '192.0.2.1' && uri.port === PROXY_PORT,
      loopSecret: Buffer.alloc(32, 1),
    });
    this.#engine.setUser(core);
  }

  receive(datagram: Buffer, peer: Peer): void {
    this.#engine.receive(datagram, { transport: this.proxy, peer });
  }
}
