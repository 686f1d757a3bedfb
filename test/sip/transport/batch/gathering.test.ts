import { setImmediate as turn } from 'node:timers/promises';

import { expect } from 'chai';

import { Gathering, type GatheredSocket, type GatheringClock } from '../../../../sip/transport/batch/gathering.ts';

/** Time that passes only where it is told to, or where somebody stands still. */
class Clock implements GatheringClock {
  time = 1000;
  readonly sleeps: number[] = [];
  /** What happens meanwhile. */
  onSleep: () => void = () => undefined;

  now(): number {
    return this.time;
  }

  sleep(milliseconds: number): void {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
    this.onSleep();
  }
}

/** A socket in which datagrams wait, eight of which one call reads. */
class Waiting implements GatheredSocket {
  waiting = 0;
  readonly reads: number[] = [];
  flushes = 0;

  read = (): number => {
    const count = Math.min(8, this.waiting);
    this.waiting -= count;
    this.reads.push(count);
    return count;
  };

  flush(): void {
    this.flushes++;
  }
}

describe('gathering of datagrams', () => {
  let clock: Clock;
  let gathering: Gathering;
  let sockets: [Waiting, Waiting];

  beforeEach(() => {
    clock = new Clock();
    gathering = new Gathering(20, clock);
    sockets = [new Waiting(), new Waiting()];
    for (const socket of sockets) gathering.enter(socket);
  });

  afterEach(() => {
    for (const socket of sockets) gathering.leave(socket);
  });

  /** Makes datagrams dense. */
  function begin(): void {
    gathering.arrived(1);
    clock.time += 1;
    gathering.arrived(1);
  }

  it('begins only where at the pace of the last time another one comes within the moment', async () => {
    for (const [what, after, count, isDense] of [
      ['the first of all', 0, 1, false],
      ['one in 21 ms', 21, 2, false],
      ['two in 41 ms', 41, 1, false],
      ['a burst long ago', 10_000, 15, false],
      ['fifteen in 299 ms', 299, 1, true],
    ] as const) {
      clock.time += after;
      gathering.arrived(count);
      await turn();
      expect(clock.sleeps.length > 0, what).to.equal(isDense);
    }
  });

  it('reads all sockets after each moment, and goes back to sleep in the event loop when nothing has come', async () => {
    const [one, other] = sockets;
    const coming = [3, 1, 0];
    clock.onSleep = () => {
      one.waiting = coming.shift() ?? 0;
      other.waiting = one.waiting;
    };
    begin();
    for (let count = 0; count < 6; count++) await turn();
    expect(clock.sleeps).to.deep.equal([20, 20, 20]);
    expect(one.reads).to.deep.equal([3, 0, 1, 0, 0]);
    expect(other.reads).to.deep.equal(one.reads);
    expect(one.flushes, 'what was answered leaves before the next reading').to.equal(5);
  });

  it('hands over what has come while it handed over', async () => {
    const [one] = sockets;
    clock.onSleep = () => (one.waiting = 2);
    const { read } = one;
    let more = 1;
    one.read = () => {
      const count = read();
      if (more-- > 0) one.waiting += 1;
      return count;
    };
    begin();
    await turn();
    expect(one.reads).to.deep.equal([2, 1, 0]);
  });

  it('leaves the event loop time for all else under a flood, in which it does not stand still', async () => {
    const [one] = sockets;
    one.waiting = 1_000_000;
    begin();
    for (let count = 0; count < 10; count++) await turn();
    expect(one.reads.length).to.be.within(36, 44);
    expect(clock.sleeps).to.have.length(1);
  });

  it('does not stand still for time that others have taken since, who may have much to do', async () => {
    const [one] = sockets;
    clock.onSleep = () => (one.waiting = 1);
    begin();
    await turn();
    clock.time += 15;
    await turn();
    clock.time += 25;
    one.waiting = 1;
    await turn();
    await turn();
    expect(clock.sleeps).to.deep.equal([20, 5, 20]);
  });

  it('begins anew after a pause, and only where datagrams are dense again', async () => {
    begin();
    for (let count = 0; count < 3; count++) await turn();
    expect(clock.sleeps).to.have.length(1);
    gathering.arrived(1);
    await turn();
    expect(clock.sleeps).to.have.length(1);
    clock.time += 1;
    gathering.arrived(1);
    await turn();
    expect(clock.sleeps).to.have.length(2);
  });

  it('reads no socket that has left', async () => {
    const [one, other] = sockets;
    gathering.leave(one);
    begin();
    await turn();
    expect(one.reads).to.deep.equal([]);
    expect(other.reads).to.deep.equal([0]);
  });
});
