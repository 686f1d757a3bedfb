import { randomBytes } from 'node:crypto';

import { answerChallenge, parseMessage, SipRequest, SipResponse, UdpTransport, type Peer } from '../../sip/index.ts';
import type { Edge } from './edges.ts';

const INTERVAL_MILLISECONDS = 10;

/** What has no answer by then is lost: nothing is sent twice, so that every time is that of one try. */
const PATIENCE_MILLISECONDS = 1000;

/**
 * Measures latency beside a load: one MESSAGE with credentials every 10 ms, whether or not the last one was answered,
 * timed by a clock of microseconds from before the socket's send to the arrival of the 200. SIPp's own response times
 * have the resolution of its scheduler, a millisecond or more, and would hide the difference of two edges.
 *
 * The nonce of one challenge serves for all, with counts, until the edge sends a new one.
 */
export class LatencyProbe {
  /** Of the exchanges that ended with 200. */
  readonly milliseconds: number[] = [];
  /** Neither 200 nor a new challenge, or nothing at all. */
  failed = 0;
  readonly #edge: Edge;
  readonly #peer: Peer;
  readonly #sentAt = new Map<string, number>();
  #udp: UdpTransport | undefined;
  #timer: NodeJS.Timeout | undefined;
  #challenges: readonly string[] = [];
  #nonceCount = 0;

  private constructor(edge: Edge) {
    this.#edge = edge;
    this.#peer = { address: '127.0.0.1', port: edge.port };
  }

  static async start(edge: Edge): Promise<LatencyProbe> {
    const probe = new LatencyProbe(edge);
    probe.#udp = await UdpTransport.open({ host: '127.0.0.1', port: 0 }, (datagram) => {
      probe.#receive(datagram, performance.now());
    });
    probe.#timer = setInterval(() => {
      probe.#send();
    }, INTERVAL_MILLISECONDS);
    return probe;
  }

  /** Sends no more, and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const deadline = performance.now() + PATIENCE_MILLISECONDS;
    while (this.#sentAt.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.failed += this.#sentAt.size;
    await this.#udp?.close();
  }

  #send(): void {
    const [agent] = this.#edge.agents;
    if (this.#udp === undefined || agent === undefined) return;
    const target = 'sip:bob@example.com';
    const request = new SipRequest('MESSAGE', target);
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    request.append('Via', `SIP/2.0/UDP ${this.#udp.sentBy};branch=${branch};rport`);
    request.append('Max-Forwards', '70');
    request.append('From', `<${agent.impu}>;tag=${randomBytes(6).toString('hex')}`);
    request.append('To', `<${target}>`);
    request.append('Call-ID', randomBytes(12).toString('hex'));
    request.append('CSeq', '1 MESSAGE');
    request.append('Contact', `<sip:probe@${this.#udp.sentBy}>`);
    const answer = answerChallenge({
      challenges: this.#challenges,
      ...agent,
      method: 'MESSAGE',
      uri: target,
      cnonce: randomBytes(8).toString('hex'),
      nonceCount: ++this.#nonceCount,
    });
    if (answer !== undefined) request.append('Proxy-Authorization', answer.credentials);
    const datagram = request.toBuffer();
    this.#sentAt.set(branch, performance.now());
    this.#udp.send(datagram, this.#peer);
  }

  #receive(datagram: Buffer, now: number): void {
    const parsed = parseMessage(datagram);
    if (!parsed.ok || !(parsed.message instanceof SipResponse)) return;
    const { status, topVia } = parsed.message;
    const sentAt = this.#sentAt.get(topVia?.branch ?? '');
    if (status < 200 || sentAt === undefined) return;
    this.#sentAt.delete(topVia?.branch ?? '');
    if (status === 200) this.milliseconds.push(now - sentAt);
    else if (status === 407) {
      this.#challenges = parsed.message.headers('Proxy-Authenticate');
      this.#nonceCount = 0;
    } else this.failed++;
  }
}
