import { lazy } from '../lazy.ts';
import { ownProgram, type OwnProgram } from '../own-program.ts';

/**
 * The system calls of Linux that take several datagrams at once, which node:dgram does not make. Memory is named by its
 * address, so whoever calls keeps it alive; {@link MessageVector} does.
 */
export interface SystemCalls extends Pick<OwnProgram, 'errorNumber' | 'addressOf'> {
  /** recvmmsg(2) without waiting: the number of datagrams read, or -1. */
  receive(descriptor: number, headers: number, count: number): number;
  /** sendmmsg(2) without waiting: the number of datagrams sent before the first that failed, or -1 when that was the first. */
  send(descriptor: number, headers: number, count: number): number;
}

const MSG_DONTWAIT = 0x40;

/** Undefined where {@link ownProgram} is, and with a C library that has no such calls. */
export const systemCalls = lazy(load);

function load(): SystemCalls | undefined {
  const program = ownProgram();
  if (program === undefined) return undefined;
  try {
    return bind(program);
  } catch {
    return undefined;
  }
}

/** @throws where the program has no such function */
function bind(program: OwnProgram): SystemCalls {
  const receive = program.call('int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)');
  const send = program.call('int sendmmsg(int, uintptr_t, unsigned int, int)');
  return {
    receive: (descriptor, headers, count) => receive(descriptor, headers, count, MSG_DONTWAIT, 0),
    send: (descriptor, headers, count) => send(descriptor, headers, count, MSG_DONTWAIT),
    errorNumber: () => program.errorNumber(),
    addressOf: (memory) => program.addressOf(memory),
  };
}
