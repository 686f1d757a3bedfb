import { randomBytes } from 'node:crypto';

import type { Scheduler, ServerTransaction, SipRequest, SipResponse, Timer } from '../../sip/index.ts';
import { Dialog } from './dialog.ts';

/** How often a 2xx is sent again until its ACK comes: T1 doubling to T2, for 64*T1 (RFC 3261 13.3.1.4). */
const T1_MILLISECONDS = 500;
const T2_MILLISECONDS = 4000;

interface Call {
  readonly transaction: ServerTransaction;
  readonly dialog: Dialog;
  ringing: Timer | undefined;
  retransmission: Timer | undefined;
  answered: boolean;
}

/** Answers calls as a minimal user agent server: 180, 200 with the offered SDP sent back, BYE, CANCEL. */
export class CallHandler {
  readonly #scheduler: Scheduler;
  readonly #ringMilliseconds: number;
  readonly #contact: () => string;
  readonly #calls = new Map<string, Call>();

  constructor(scheduler: Scheduler, ringMilliseconds: number, contact: () => string) {
    this.#scheduler = scheduler;
    this.#ringMilliseconds = ringMilliseconds;
    this.#contact = contact;
  }

  invite(transaction: ServerTransaction, respond: (response: SipResponse) => void): void {
    const { request } = transaction;
    if (request.to.parameters.has('tag')) {
      respond(request.createResponse(488));
      return;
    }
    const dialog = new Dialog(request, randomBytes(8).toString('hex'), this.#contact());
    const call: Call = { transaction, dialog, ringing: undefined, retransmission: undefined, answered: false };
    this.#calls.set(dialog.id, call);
    respond(dialog.response(request, 180));
    call.ringing = this.#scheduler.schedule(this.#ringMilliseconds, () => {
      const answer = dialog.response(request, 200);
      if (request.body !== '') answer.setBody(request.bodyBytes(), request.header('Content-Type'));
      call.answered = true;
      respond(answer);
      this.#repeat(call, answer, T1_MILLISECONDS, 0);
    });
  }

  acknowledged(request: SipRequest): void {
    this.#calls.get(Dialog.idOf(request))?.retransmission?.cancel();
  }

  /** False when there is no such call. */
  bye(request: SipRequest): boolean {
    const call = this.#calls.get(Dialog.idOf(request));
    call?.retransmission?.cancel();
    return call !== undefined && this.#calls.delete(call.dialog.id);
  }

  cancel(invite: ServerTransaction): void {
    for (const call of this.#calls.values()) {
      if (call.transaction !== invite || call.answered) continue;
      call.ringing?.cancel();
      this.#calls.delete(call.dialog.id);
      invite.respond(call.dialog.response(invite.request, 487));
      return;
    }
  }

  #repeat(call: Call, answer: SipResponse, delay: number, elapsed: number): void {
    call.retransmission = this.#scheduler.schedule(delay, () => {
      if (elapsed + delay >= 64 * T1_MILLISECONDS) {
        this.#calls.delete(call.dialog.id);
        return;
      }
      call.transaction.respond(answer);
      this.#repeat(call, answer, Math.min(delay * 2, T2_MILLISECONDS), elapsed + delay);
    });
  }
}
