import { ownProgram, type OwnProgram } from '../own-program.ts';

/**
 * The system calls of Linux that take several datagrams at once, which node:dgram does not make. Memory is named by its
 * address, so whoever calls keeps it alive; {@link MessageVector} does.
 */
export interface SystemCalls {
  /** recvmmsg(2) without waiting: the number of datagrams read, or -1. */
  receive(descriptor: number, headers: number, count: number): number;
  /** sendmmsg(2) without waiting: the number of datagrams sent before the first that failed, or -1 when that was the first. */
  send(descriptor: number, headers: number, count: number): number;
  /** errno of the last call that gave -1. */
  errorNumber(): number;
  /** Where the first octet of the array stands. */
  addressOf(memory: Uint8Array): number;
}

const MSG_DONTWAIT = 0x40;

let known: { readonly calls: SystemCalls | undefined } | undefined;

/** Undefined where {@link ownProgram} is. */
export function systemCalls(): SystemCalls | undefined {
  known ??= { calls: bind(ownProgram()) };
  return known.calls;
}

function bind(program: OwnProgram | undefined): SystemCalls | undefined {
  if (program === undefined) return undefined;
  const receive = program.call('int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)');
  const send = program.call('int sendmmsg(int, uintptr_t, unsigned int, int)');
  return {
    receive: (descriptor, headers, count) => receive(descriptor, headers, count, MSG_DONTWAIT, 0),
    send: (descriptor, headers, count) => send(descriptor, headers, count, MSG_DONTWAIT),
    errorNumber: () => program.errorNumber(),
    addressOf: (memory) => program.addressOf(memory),
  };
}
