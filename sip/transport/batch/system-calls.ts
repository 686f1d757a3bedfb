import { endianness } from 'node:os';

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

/** Machines on which the structures have the layout of {@link MessageVector}: 64 bits, the lowest octet first. */
const MACHINES: ReadonlySet<string> = new Set(['x64', 'arm64', 'riscv64', 'loong64']);

const MSG_DONTWAIT = 0x40;

let known: Promise<SystemCalls | undefined> | undefined;

/** Undefined where the system is not Linux, or koffi (an optional dependency) is not installed or does not run. */
export function systemCalls(): Promise<SystemCalls | undefined> {
  known ??= bind().catch(() => undefined);
  return known;
}

async function bind(): Promise<SystemCalls | undefined> {
  if (process.platform !== 'linux' || !MACHINES.has(process.arch) || endianness() !== 'LE') return undefined;
  const { default: koffi } = await import('koffi');
  // The program itself: whichever C library it runs on is loaded already.
  const program = koffi.load(null);
  type Call = (...operands: number[]) => number;
  const receive = program.func('int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)') as Call;
  const send = program.func('int sendmmsg(int, uintptr_t, unsigned int, int)') as Call;
  return {
    receive: (descriptor, headers, count) => receive(descriptor, headers, count, MSG_DONTWAIT, 0),
    send: (descriptor, headers, count) => send(descriptor, headers, count, MSG_DONTWAIT),
    errorNumber: () => koffi.errno(),
    // Addresses of user space have 48 bits on these machines.
    addressOf: (memory) => Number(koffi.address(memory)),
  };
}
