import { SipError } from '../errors.ts';
import {
  DEFAULT_MESSAGE_LIMITS,
  SipRequest,
  SipResponse,
  isKeepAlive,
  parseHostPort,
  parseMessage,
  receivedFrom,
  tagOf,
  type MessageLimits,
  type ParseFailure,
  type SipMessage,
  type Via,
} from '../message/index.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Flow, FramingFailure, Peer, Transport } from '../transport/index.ts';
import { RandomPool } from '../random-pool.ts';
import { AnsweredRequests } from './answered-requests.ts';
import { FlowFailures } from './flow-failures.ts';
import { InviteClientTransaction } from './invite-client.ts';
import { InviteServerTransaction } from './invite-server.ts';
import { NonInviteClientTransaction } from './non-invite-client.ts';
import { NonInviteServerTransaction } from './non-invite-server.ts';
import { DEFAULT_TIMERS, transactionTimeout, type TransactionTimers } from './timers.ts';
import type { AnyClientTransaction, AnyServerTransaction, TransactionContext } from './transaction-context.ts';
import { BRANCH_COOKIE, clientKey, serverKey } from './transaction-key.ts';
import { TransactionTable } from './transaction-table.ts';
import type { ClientTransaction, ClientTransactionHandler, TransactionUser } from './transaction-user.ts';

/** Watches what passes; must not change it. */
export interface MessageObserver {
  onMessage(direction: 'in' | 'out', message: SipMessage, flow: Flow): void;
  onDropped(reason: string, flow: Flow): void;
  /**
   * The first final response to a request that came in by `flow` has gone out.
   *
   * @param milliseconds since the request came; 0 for an answer that was given at once, without state
   */
  onAnswered?(request: SipRequest, status: number, flow: Flow, milliseconds: number): void;
}

export interface TransactionLimits {
  /** Requests beyond it are answered 503 without state. */
  readonly maxServerTransactions: number;
  readonly maxClientTransactions: number;
}

export interface TransactionEngineOptions {
  readonly scheduler: Scheduler;
  /** Gives that many unpredictable octets. */
  readonly random: (octets: number) => Buffer;
  readonly user?: TransactionUser;
  readonly timers?: TransactionTimers;
  readonly limits?: TransactionLimits;
  readonly messageLimits?: MessageLimits;
  readonly observe?: MessageObserver;
  /** Stands in every branch of ours, right behind the cookie: which of several processes the response belongs to. */
  readonly branchMark?: string;
  /**
   * Asked for every message before anything else: true when it is not for this engine, or not yet, because another process
   * shares the transports.
   */
  readonly intercept?: (message: SipMessage, datagram: Buffer, flow: Flow) => boolean;
}

const DEFAULT_LIMITS: TransactionLimits = { maxServerTransactions: 200_000, maxClientTransactions: 200_000 };

/** Seconds that a client refused for want of room is asked to wait. */
const RETRY_AFTER_SECONDS = 5;

/** Octets of randomness in a branch: unique and beyond guessing. */
const BRANCH_OCTETS = 12;

/**
 * The SIP transaction layer (RFC 3261 17, 18; RFC 6026; RFC 3581). Datagrams go in by `receive`, messages go out by
 * their flow's transport, time and randomness are given; there is no other input or output.
 */
export class TransactionEngine {
  readonly counters = {
    requestsIn: 0,
    responsesIn: 0,
    messagesOut: 0,
    keepAlives: 0,
    malformed: 0,
    retransmissionsIn: 0,
    strayResponses: 0,
    intercepted: 0,
    foreignResponses: 0,
    transportErrors: 0,
    largeRequests: 0,
    refusedTableFull: 0,
    statelessReplies: 0,
    statelessReplyAcks: 0,
  };
  readonly #random: RandomPool;
  #limits: TransactionLimits;
  #messageLimits: MessageLimits;
  readonly #observe: MessageObserver | undefined;
  readonly #branchCookie: string;
  readonly #intercept: TransactionEngineOptions['intercept'];
  readonly #servers = new TransactionTable<AnyServerTransaction>();
  readonly #clients = new TransactionTable<AnyClientTransaction>();
  /** What stands in a Via of ours, by transport. */
  readonly #sentBy = new Map<Transport, ReturnType<typeof parseHostPort>>();
  /** Of the hashes of keys. */
  readonly #seed: number;
  readonly #answered: AnsweredRequests;
  readonly #context: TransactionContext;
  readonly #flows: FlowFailures;
  #user: TransactionUser | undefined;
  #unanswered = 0;

  constructor(options: TransactionEngineOptions) {
    this.#random = new RandomPool(options.random);
    this.#user = options.user;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#messageLimits = options.messageLimits ?? DEFAULT_MESSAGE_LIMITS;
    this.#observe = options.observe;
    this.#branchCookie = BRANCH_COOKIE + (options.branchMark ?? '');
    this.#intercept = options.intercept;
    this.#seed = options.random(4).readInt32LE();
    const timers = options.timers ?? DEFAULT_TIMERS;
    this.#flows = new FlowFailures(options.scheduler, this.#clients, () => {
      this.counters.transportErrors++;
    });
    this.#answered = new AnsweredRequests(
      options.scheduler,
      transactionTimeout(timers),
      this.#limits.maxServerTransactions,
    );
    this.#context = {
      scheduler: options.scheduler,
      timers,
      send: (message, text, flow) => this.#send(message, text, flow),
      serverEnded: (transaction) => {
        this.#servers.remove(transaction);
      },
      clientEnded: (transaction) => {
        if (this.#clients.remove(transaction)) this.#flows.ended(transaction);
      },
      serverAnswered: () => {
        this.#unanswered--;
      },
      serverCompleted: (key, answer, flow) => {
        this.#answered.add(key, answer, flow);
      },
      serverResponded: (request, status, flow, since) => {
        this.#observe?.onAnswered?.(request, status, flow, options.scheduler.now() - since);
      },
    };
  }

  /**
   * A connection is gone or could not be opened, or a datagram could not be sent there: the client transactions of the
   * flow end at once rather than by their timers.
   */
  flowFailed(flow: Flow): void {
    this.#flows.failed(flow);
  }

  setUser(user: TransactionUser): void {
    this.#user = user;
  }

  /** Changes the limits for what comes from now on; what is alive beyond them goes on. */
  setLimits(limits: TransactionLimits, messageLimits: MessageLimits): void {
    this.#limits = limits;
    this.#messageLimits = messageLimits;
  }

  /** Server and client transactions alive, those included that only absorb retransmissions. */
  get transactionCount(): number {
    return this.#servers.size + this.#clients.size + this.#answered.size;
  }

  /** How full the fuller of the two tables of transactions is, from 0 to 1. */
  get tableFill(): number {
    const servers = (this.#servers.size + this.#answered.size) / this.#limits.maxServerTransactions;
    return Math.max(servers, this.#clients.size / this.#limits.maxClientTransactions);
  }

  /** Requests that have no final response yet. */
  get pendingCount(): number {
    return this.#unanswered;
  }

  /** Takes a datagram that came in by `flow`. Never throws, whatever it holds. */
  receive(datagram: Buffer, flow: Flow): void {
    if (isKeepAlive(datagram)) {
      this.counters.keepAlives++;
      return;
    }
    const result = parseMessage(datagram, this.#messageLimits);
    if (!result.ok) {
      this.counters.malformed++;
      this.#observe?.onDropped(result.failure, flow);
      if (result.request !== undefined) this.#refuse(result.request, result.failure, flow, datagram.length);
      return;
    }
    const { message } = result;
    if (this.#intercept?.(message, datagram, flow) === true) {
      this.counters.intercepted++;
      return;
    }
    this.#observe?.onMessage('in', message, flow);
    if (message instanceof SipRequest) this.#receiveRequest(message, flow);
    else this.#receiveResponse(message, flow);
  }

  /**
   * Takes the header of a message that a stream could not be cut at. A request is answered without state, 413 when it is too
   * large and 400 otherwise (RFC 3261 18.3); the stream cannot go on.
   */
  receiveUnframed(header: Buffer, failure: FramingFailure, flow: Flow): void {
    this.counters.malformed++;
    this.#observe?.onDropped(failure, flow);
    const result = parseMessage(header, this.#messageLimits);
    const request = result.ok ? result.message : result.request;
    const via = request?.topVia;
    if (!(request instanceof SipRequest) || via === undefined || request.method === 'ACK') return;
    stampVia(request, via, flow.peer);
    const response =
      failure === 'stream-message-too-large'
        ? request.createResponse(413)
        : request.createResponse(400, `Bad Request (${failure})`);
    this.#send(response, response.toText(), flow);
  }

  /**
   * Sends a request as a client transaction: puts our Via on top, sends, and sends again until an answer comes.
   *
   * @param options.branchSuffix ends the branch, for a proxy's loop detection (RFC 3261 16.6 step 8)
   * @param options.sizing may choose another flow when it hears how large the request is (RFC 3261 18.1.1)
   * @throws SipError OSGATE_SIP_OVERLOADED when there are as many client transactions as allowed
   */
  request(
    request: SipRequest,
    flow: Flow,
    handler: ClientTransactionHandler,
    options: { readonly branchSuffix?: string; readonly sizing?: FlowSizing | undefined } = {},
  ): ClientTransaction {
    if (this.#clients.size >= this.#limits.maxClientTransactions) {
      this.counters.refusedTableFull++;
      throw new SipError('OSGATE_SIP_OVERLOADED', 'too many client transactions');
    }
    const branch = this.#pushVia(request, flow, options.branchSuffix);
    const text = request.toText();
    const chosen = options.sizing?.flowFor(text.length);
    if (chosen === undefined) return this.#startClient(branch, request, text, flow, handler);
    this.counters.largeRequests++;
    request.replaceFirstValue('Via', viaOf(branch, chosen));
    return this.#startClient(branch, request, request.toText(), chosen, handler);
  }

  /**
   * Sends a message without a transaction: an ACK to a 2xx, with our Via on top, or a response as it is.
   *
   * @param branchSuffix ends the branch of a request (see `request`)
   */
  sendStateless(message: SipMessage, flow: Flow, branchSuffix?: string): void {
    if (message instanceof SipRequest) this.#pushVia(message, flow, branchSuffix);
    this.#send(message, message.toText(), flow);
  }

  /** Ends every transaction without a word to the user. */
  close(): void {
    for (const transaction of [...this.#servers.values(), ...this.#clients.values()]) transaction.terminate();
    this.#answered.clear();
  }

  #receiveRequest(request: SipRequest, flow: Flow): void {
    this.counters.requestsIn++;
    const via = request.topVia;
    if (via === undefined) return;
    if (request.method === 'ACK') {
      this.#receiveAck(request, via, flow);
      return;
    }
    const key = serverKey(this.#seed, request, via, request.method, flow.peer);
    const known = this.#servers.find(key);
    if (known !== undefined) {
      this.counters.retransmissionsIn++;
      known.receiveRetransmission();
      return;
    }
    const answered = this.#answered.find(key);
    if (answered !== undefined) {
      this.counters.retransmissionsIn++;
      // An association may have moved to another address since; the key says that it is the same one.
      this.#sendAgain(answered.bytes, flow.peer.association === undefined ? answered.flow : flow);
      return;
    }
    stampVia(request, via, flow.peer);
    const responseFlow = responseFlowOf(via, flow);
    // A CANCEL of a request that was let in needs no other excuse.
    const invite = request.method === 'CANCEL' ? this.#inviteOf(request, via, flow.peer) : undefined;
    const screened = invite === undefined ? this.#user?.screen?.(request, flow) : undefined;
    if (screened instanceof SipResponse) {
      this.counters.statelessReplies++;
      this.#send(screened, screened.toText(), responseFlow);
      this.#observe?.onAnswered?.(request, screened.status, flow, 0);
      return;
    }
    if (this.#servers.size + this.#answered.size >= this.#limits.maxServerTransactions) {
      this.counters.refusedTableFull++;
      this.#observe?.onDropped('server-transactions-full', flow);
      const refusal = request.createResponse(503);
      refusal.set('Retry-After', String(RETRY_AFTER_SECONDS));
      this.#user?.onRefusal?.(request, refusal, 'server-transactions-full', flow);
      this.#send(refusal, refusal.toText(), responseFlow);
      this.#observe?.onAnswered?.(request, refusal.status, flow, 0);
      return;
    }
    const transaction =
      request.method === 'INVITE'
        ? new InviteServerTransaction(key, request, flow, responseFlow, this.#context)
        : new NonInviteServerTransaction(key, request, flow, responseFlow, this.#context);
    this.#servers.add(transaction);
    this.#unanswered++;
    if (invite !== undefined) {
      transaction.respond(request.createResponse(200));
      this.#user?.onCancel(invite, request);
      return;
    }
    this.#user?.onRequest(transaction, screened);
  }

  #receiveAck(request: SipRequest, via: Via, flow: Flow): void {
    const invite = this.#inviteOf(request, via, flow.peer);
    if (invite instanceof InviteServerTransaction && !invite.accepted) {
      invite.receiveAck();
      return;
    }
    if (tagOf(request.to) === request.statelessTag('INVITE')) {
      this.counters.statelessReplyAcks++;
      return;
    }
    stampVia(request, via, flow.peer);
    this.#user?.onAck(request, flow);
  }

  #receiveResponse(response: SipResponse, flow: Flow): void {
    this.counters.responsesIn++;
    const via = response.topVia;
    // Anything else was not sent by us (RFC 3261 18.1.2). All transports of a listener have the same sent-by.
    if (via === undefined || !this.#isOwn(via, flow.transport)) {
      this.counters.foreignResponses++;
      this.#observe?.onDropped('foreign-response', flow);
      return;
    }
    const transaction = this.#clients.find(clientKey(this.#seed, via.branch ?? '', response));
    if (transaction !== undefined) {
      transaction.receive(response);
      return;
    }
    this.counters.strayResponses++;
    this.#user?.onStrayResponse(response, flow);
  }

  #isOwn({ host, port = 5060 }: Via, transport: Transport): boolean {
    let own = this.#sentBy.get(transport);
    if (own === undefined) {
      own = parseHostPort(transport.sentBy, 0, transport.sentBy.length);
      this.#sentBy.set(transport, own);
    }
    return own !== undefined && own.host === host && (own.port ?? 5060) === port;
  }

  /** The transaction of the INVITE that an ACK or a CANCEL is for. */
  #inviteOf(request: SipRequest, via: Via, source: Peer): AnyServerTransaction | undefined {
    return this.#servers.find(serverKey(this.#seed, request, via, 'INVITE', source));
  }

  #startClient(
    branch: string,
    request: SipRequest,
    text: string,
    flow: Flow,
    handler: ClientTransactionHandler,
  ): ClientTransaction {
    const key = clientKey(this.#seed, branch, request);
    const transaction =
      request.method === 'INVITE'
        ? new InviteClientTransaction({
            key,
            request,
            text,
            flow,
            handler,
            context: this.#context,
            sendCancel: (cancel, cancelFlow) => {
              this.#startClient(branch, cancel, cancel.toText(), cancelFlow, IGNORE);
            },
          })
        : new NonInviteClientTransaction(key, request, text, flow, handler, this.#context);
    this.#clients.add(transaction);
    this.#flows.began(transaction);
    return transaction;
  }

  #pushVia(request: SipRequest, flow: Flow, suffix = ''): string {
    const branch = this.#branchCookie + this.#random.hex(BRANCH_OCTETS) + suffix;
    request.prepend('Via', viaOf(branch, flow), true);
    return branch;
  }

  /**
   * Answers a request that cannot be understood, without state (RFC 3261 16.3 step 1, 8.2.7). Where the top Via is what
   * cannot be understood, the answer goes to where the request came from, and only if it is no longer than the request.
   */
  #refuse(request: SipRequest, failure: ParseFailure, flow: Flow, received: number): void {
    if (request.method === 'ACK') return;
    const via = request.topVia;
    if (via !== undefined) stampVia(request, via, flow.peer);
    const status = failure === 'unsupported-version' ? 505 : 400;
    const response = request.createResponse(status, status === 400 ? `Bad Request (${failure})` : undefined);
    const complete = via !== undefined && ANSWERED.every((name) => request.has(name));
    if (!complete && response.toText().length > received) return;
    this.#user?.onRefusal?.(request, response, failure, flow);
    this.#send(response, response.toText(), via === undefined ? flow : responseFlowOf(via, flow));
  }

  /** Answers a copy of a request whose transaction is Completed (RFC 3261 17.2.2). */
  #sendAgain(bytes: Buffer, flow: Flow): void {
    const parsed = parseMessage(bytes);
    if (parsed.ok) this.#send(parsed.message, bytes, flow);
  }

  #send(message: SipMessage, text: string | Buffer, flow: Flow): boolean {
    this.counters.messagesOut++;
    this.#observe?.onMessage('out', message, flow);
    const { transport, peer } = flow;
    if (transport.reliable && message instanceof SipResponse && !transport.isConnected(peer)) {
      return transport.send(text, sentByPeer(message, peer));
    }
    return transport.send(text, peer);
  }
}

/** Chooses the flow of a request by its size. */
export interface FlowSizing {
  /** Another flow for a request of that many octets; undefined for the one that was asked for. */
  flowFor(octets: number): Flow | undefined;
}
/** What a request has that can be answered in full (RFC 3261 8.2.6.2). */
const ANSWERED = ['From', 'To', 'Call-ID', 'CSeq'] as const;

const IGNORE: ClientTransactionHandler = { onResponse: () => undefined, onTimeout: () => undefined };

/** Notes where the request really came from (RFC 3261 18.2.1, RFC 3581 4). */
function stampVia(request: SipRequest, via: Via, source: Peer): void {
  if (via.rport === undefined && via.received === undefined && via.host === source.address) return;
  request.replaceTopVia(receivedFrom(via, source.address, source.port));
}

/**
 * Where a response goes (RFC 3261 18.2.2, RFC 3581 4): always to the address that the request came from, and over a stream
 * by its connection, or by its association.
 */
function responseFlowOf(via: Via, flow: Flow): Flow {
  if (via.rport !== undefined || flow.transport.reliable || flow.peer.association !== undefined) return flow;
  const port = via.port ?? 5060;
  return port === flow.peer.port ? flow : { transport: flow.transport, peer: { address: flow.peer.address, port } };
}

/** Where a response goes when the connection of its request is gone: to the same address, at the port of sent-by (18.2.2). */
function sentByPeer(response: SipResponse, peer: Peer): Peer {
  return { address: peer.address, port: response.topVia?.port ?? 5060 };
}

function viaOf(branch: string, { transport }: Flow): string {
  return `SIP/2.0/${transport.protocol} ${transport.sentBy};branch=${branch};rport`;
}
