import { constants } from 'node:os';
import { nextTick } from 'node:process';

import { expect } from 'chai';

import type { Peer } from '../../../../sip/index.ts';
import { DatagramBatches, type BatchHandler } from '../../../../sip/transport/batch/datagram-batches.ts';
import type { SystemCalls } from '../../../../sip/transport/batch/system-calls.ts';

const { EAGAIN, EHOSTUNREACH } = constants.errno;

/**
 * What a kernel answers when it has no room, which on loopback it always has: the count of what it sent, or an error. All else is
 * tested with the kernel itself, in udp-transport.test.ts.
 */
class ScriptedCalls implements SystemCalls {
  readonly offered: number[] = [];
  readonly #script: number[];
  #error = 0;

  constructor(...script: number[]) {
    this.#script = script;
  }

  send(_descriptor: number, _headers: number, count: number): number {
    this.offered.push(count);
    const answer = this.#script.shift() ?? count;
    if (answer >= 0) return answer;
    this.#error = -answer;
    return -1;
  }

  receive(): number {
    return 0;
  }

  errorNumber(): number {
    return this.#error;
  }

  addressOf(): number {
    return 0x7fff_0000_1000;
  }
}

class Log implements BatchHandler {
  sent = 0;
  readonly left: string[] = [];
  readonly failed: number[] = [];

  onDatagram(): void {
    // Nothing comes.
  }

  onSent(count: number): void {
    this.sent += count;
  }

  onLeft(datagram: Buffer | string): void {
    this.left.push(String(datagram));
  }

  onFailed({ port }: Peer): void {
    this.failed.push(port);
  }
}

describe('batches of datagrams', () => {
  async function sendAll(calls: ScriptedCalls, peers: readonly Peer[]): Promise<Log> {
    const log = new Log();
    const batches = new DatagramBatches(calls, 0, undefined, log);
    for (const peer of peers) batches.send(String(peer.port), peer);
    await new Promise<void>((resolve) => {
      nextTick(resolve);
    });
    return log;
  }

  const peers = (count: number): Peer[] =>
    Array.from({ length: count }, (_, index) => ({ address: '192.0.2.1', port: index + 1 }));

  it('go out in as many calls as it takes', async () => {
    const calls = new ScriptedCalls(64, 3);
    const log = await sendAll(calls, peers(100));
    expect(calls.offered).to.deep.equal([64, 36, 33]);
    expect(log).to.deep.include({ sent: 100, left: [], failed: [] });
  });

  it('leave to others what the socket has no room for', async () => {
    const log = await sendAll(new ScriptedCalls(2, -EAGAIN), peers(5));
    expect(log).to.deep.include({ sent: 2, left: ['3', '4', '5'], failed: [] });
  });

  it('go on behind one that cannot be sent', async () => {
    const log = await sendAll(new ScriptedCalls(2, -EHOSTUNREACH, 1, -EHOSTUNREACH), peers(5));
    expect(log).to.deep.include({ sent: 3, left: [], failed: [3, 5] });
  });

  it('leave to others what is for an address with a zone, and nothing else', async () => {
    const zoned = { address: 'fe80::1%eth0', port: 7 };
    const log = await sendAll(new ScriptedCalls(), [...peers(2), zoned, zoned, ...peers(1)]);
    expect(log).to.deep.include({ sent: 3, left: ['7', '7'], failed: [] });
  });

  it('send nothing by a descriptor that may be that of something else', async () => {
    const calls = new ScriptedCalls();
    const log = new Log();
    const batches = new DatagramBatches(calls, 0, undefined, log);
    batches.send('farewell', { address: '192.0.2.1', port: 1 });
    batches.close();
    expect(log.sent, 'what was handed in goes out').to.equal(1);
    batches.send('late', { address: '192.0.2.1', port: 1 });
    await new Promise<void>((resolve) => {
      nextTick(resolve);
    });
    expect(calls.offered).to.deep.equal([1]);
  });
});
