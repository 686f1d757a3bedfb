import { LRUCache } from 'lru-cache';

import { recipientKey, type Recipient, type UplinkHandler } from '../../../push/index.ts';
import { MAXIMUM_FLOWS_OF_IDENTITY } from '../../sec1/index.ts';
import type { FlowSender, Parcel, RemoteFlows, SendResult } from '../../push/sip/index.ts';
import { decodeWorkerMessage, encodeWorkerMessage, type WorkerPushMessage } from './worker-message.ts';

/** What workers tell each other by: the relay. */
export interface WorkerChannel {
  tell(worker: number, message: Buffer): boolean;
  onMessage: ((message: Buffer) => void) | undefined;
}

export interface WorkerFlowsOptions {
  readonly channel: WorkerChannel;
  readonly slot: number;
  readonly workers: number;
  readonly flows: FlowSender;
  /** How long an agent may take on one flow. */
  readonly timeoutMilliseconds: number;
  /** Takes packages of agents, in the worker that dispatches. */
  readonly uplink?: UplinkHandler;
}

/** Where a recipient's flow was last; it is asked for again when that was wrong. */
const REMEMBERED_RECIPIENTS = 100_000;

/** Another worker answers at once, or is busy or dead. */
const FIND_MILLISECONDS = 500;

const NO_FLOW: SendResult = { result: { outcome: 'failed', temporary: true, reason: 'no-flow' }, tryNext: true };

/**
 * Lets the worker that dispatches use the flows of all others: it asks who has one, and that worker sends the MESSAGE and
 * says how it ended (docs/decisions/0065-pushes-and-workers.md). In the others this answers.
 */
export class WorkerFlows implements RemoteFlows {
  readonly counters = { asked: 0, sent: 0, unanswered: 0 };
  readonly #options: WorkerFlowsOptions;
  readonly #known = new LRUCache<string, number>({ max: REMEMBERED_RECIPIENTS });
  readonly #waiting = new Map<number, (message: WorkerPushMessage) => void>();
  #nextId = 0;

  constructor(options: WorkerFlowsOptions) {
    this.#options = options;
    options.channel.onMessage = (octets) => {
      const message = decodeWorkerMessage(octets);
      if (message !== undefined) this.#receive(message);
    };
  }

  async has(recipient: Recipient): Promise<boolean> {
    if (this.#known.has(recipientKey(recipient))) return true;
    return (await this.#find(recipient)).length > 0;
  }

  async send(parcel: Parcel): Promise<SendResult> {
    const key = recipientKey(parcel.recipient);
    const known = this.#known.get(key);
    let last = NO_FLOW;
    if (known !== undefined) {
      last = await this.#sendBy(known, parcel);
      if (!last.tryNext) return last;
      this.#known.delete(key);
    }
    for (const worker of await this.#find(parcel.recipient)) {
      if (worker === known) continue;
      last = await this.#sendBy(worker, parcel);
      if (last.tryNext) continue;
      this.#known.set(key, worker);
      return last;
    }
    return last;
  }

  /** Hands a package that an agent has sent to the worker that dispatches. */
  uplink(octets: Buffer): void {
    const { channel, slot } = this.#options;
    channel.tell(0, encodeWorkerMessage({ kind: 'uplink', from: slot, id: 0, octets }));
  }

  /** The workers with a flow of the recipient, the one heard of last first. */
  async #find(recipient: Recipient): Promise<readonly number[]> {
    const { slot, workers } = this.#options;
    this.counters.asked++;
    const others = Array.from({ length: workers }, (_, worker) => worker).filter((worker) => worker !== slot);
    const answers = await Promise.all(
      others.map((worker) => this.#ask(worker, { kind: 'find', recipient }, FIND_MILLISECONDS)),
    );
    const found = answers.flatMap((answer) =>
      answer?.kind === 'found' && answer.age !== null ? [{ worker: answer.from, age: answer.age }] : [],
    );
    found.sort((one, other) => one.age - other.age);
    const [first] = found;
    if (first !== undefined) this.#known.set(recipientKey(recipient), first.worker);
    return found.map(({ worker }) => worker);
  }

  async #sendBy(worker: number, parcel: Parcel): Promise<SendResult> {
    this.counters.sent++;
    const answer = await this.#ask(
      worker,
      { kind: 'send', parcel },
      // Its flows are tried one after the other.
      this.#options.timeoutMilliseconds * MAXIMUM_FLOWS_OF_IDENTITY + FIND_MILLISECONDS,
    );
    return answer?.kind === 'sent' ? { result: answer.result, tryNext: answer.tryNext } : NO_FLOW;
  }

  #ask(
    worker: number,
    question: { kind: 'find'; recipient: Recipient } | { kind: 'send'; parcel: Parcel },
    milliseconds: number,
  ): Promise<WorkerPushMessage | undefined> {
    const { channel, slot } = this.#options;
    const id = this.#nextId++;
    if (!channel.tell(worker, encodeWorkerMessage({ ...question, from: slot, id }))) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        this.counters.unanswered++;
        resolve(undefined);
      }, milliseconds);
      timer.unref();
      this.#waiting.set(id, (message) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(message);
      });
    });
  }

  #receive(message: WorkerPushMessage): void {
    const { channel, flows, slot, uplink } = this.#options;
    switch (message.kind) {
      case 'find': {
        const age = flows.age(message.recipient) ?? null;
        channel.tell(message.from, encodeWorkerMessage({ kind: 'found', from: slot, id: message.id, age }));
        return;
      }
      case 'send': {
        const { from, id, parcel } = message;
        void flows.send(parcel).then(({ result, tryNext }) => {
          channel.tell(from, encodeWorkerMessage({ kind: 'sent', from: slot, id, result, tryNext }));
        });
        return;
      }
      case 'found':
      case 'sent':
        this.#waiting.get(message.id)?.(message);
        return;
      case 'uplink':
        uplink?.(message.octets);
    }
  }
}
