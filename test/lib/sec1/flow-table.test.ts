import { expect } from 'chai';

import { FlowTable } from '../../../lib/sec1/index.ts';
import type { Flow, Transport } from '../../../sip/index.ts';
import { fakeListener, silentTransport } from '../../support/fake-listener.ts';

describe('flow table', () => {
  let now: number;
  let connected: boolean;
  let table: FlowTable;

  const udp = silentTransport('UDP');
  const tcp: Transport = { ...silentTransport('TCP'), isConnected: () => connected };
  const listener = fakeListener('agents', udp, [tcp]);
  const flowOf = (port: number, over = udp): Flow => ({ transport: over, peer: { address: '192.0.2.1', port } });
  const owner = (keptAlive: boolean, subject = 'alice') => ({ subject, keptAlive, required: keptAlive });

  beforeEach(() => {
    now = 0;
    connected = true;
    table = new FlowTable({
      now: () => now,
      maximumFlows: 3,
      keptAliveIdleMilliseconds: 90,
      silentIdleMilliseconds: 1000,
      firstSerial: 0xffff_ffff,
    });
  });

  it('remembers a flow from its entry on, and shows it', () => {
    const entered = table.enter(flowOf(1), listener, owner(true));
    expect(entered?.serial, 'serials wrap').to.equal(0);
    now = 10;
    table.seen(flowOf(1));
    expect(table.find(udp, { address: '192.0.2.1', port: 1 })).to.equal(entered);
    expect([...table]).to.deep.equal([entered]);
    expect(entered).to.include({ listener, transport: udp, subject: 'alice', since: 0, lastSeen: 10 });
    expect(table.find(tcp, { address: '192.0.2.1', port: 1 }), 'the other transport').to.equal(undefined);
  });

  it('forgets a UDP flow after silence, not while it is kept alive, and later one that nobody promised to keep', () => {
    table.enter(flowOf(1), listener, owner(true));
    table.enter(flowOf(2), listener, owner(false));
    for (now = 0; now < 800; now += 80) table.seen(flowOf(1));
    expect(table.size).to.equal(2);
    now += 90;
    expect(table.find(udp, flowOf(1).peer)).to.equal(undefined);
    expect(table.find(udp, flowOf(2).peer)).to.not.equal(undefined);
    now += 1000;
    table.seen(flowOf(2));
    expect(table.find(udp, flowOf(2).peer), 'too late to be seen').to.equal(undefined);
    expect(table.size).to.equal(0);
    expect(table.counters).to.include({ entered: 2, expired: 2 });
  });

  it('lesson 4: keeps the flow of an association for as long as that lives, wherever it has moved to', () => {
    const dtls: Transport = { ...silentTransport('DTLS-UDP'), isConnected: () => connected };
    const peer = { address: '192.0.2.1', port: 1, association: 7 };
    const entered = table.enter({ transport: dtls, peer }, listener, owner(true));
    expect(table.enter(flowOf(1), listener, owner(true)), 'another flow from that address').to.not.equal(entered);
    now = 1_000_000;
    const moved = { address: '192.0.2.9', port: 9, association: 7 };
    expect(table.find(dtls, moved)).to.equal(entered);
    peer.address = '192.0.2.9';
    expect(entered?.peer.address, 'it says where the peer is now').to.equal('192.0.2.9');
    connected = false;
    expect(table.find(dtls, moved)).to.equal(undefined);
  });

  it('takes a flow over with the serial that its tokens have, within its bound', () => {
    const dtls: Transport = { ...silentTransport('DTLS-UDP'), isConnected: () => connected };
    const flow = (association: number): Flow => ({
      transport: dtls,
      peer: { address: '192.0.2.1', port: 1, association },
    });
    for (const association of [1, 2, 3]) {
      expect(table.adopt(flow(association), listener, { ...owner(true), serial: 70 + association })).to.equal(true);
    }
    expect(table.find(dtls, flow(2).peer)?.serial).to.equal(72);
    expect(table.adopt(flow(4), listener, { ...owner(true), serial: 74 })).to.equal(false);
    expect(table.counters.refusedTableFull).to.equal(1);
  });

  it('gives the flow of the same addresses a new serial when it was gone', () => {
    const first = table.enter(flowOf(1), listener, owner(true))?.serial;
    expect(table.enter(flowOf(1), listener, owner(true, 'bob'))?.serial).to.equal(first);
    now = 90;
    expect(table.enter(flowOf(1), listener, owner(true))?.serial).to.not.equal(first);
  });

  it('forgets a TCP flow with its connection, and not before', () => {
    table.enter(flowOf(1, tcp), listener, owner(true));
    now = 1_000_000;
    expect(table.find(tcp, flowOf(1).peer)).to.not.equal(undefined);
    table.closed(flowOf(1, tcp));
    expect(table.find(tcp, flowOf(1).peer)).to.equal(undefined);
    table.enter(flowOf(2, tcp), listener, owner(true));
    connected = false;
    expect(table.find(tcp, flowOf(2).peer)).to.equal(undefined);
    expect(table.counters).to.include({ closed: 1, expired: 1 });
  });

  it('refuses a new flow at its bound and counts it; the old ones go on', () => {
    for (const port of [1, 2, 3]) table.enter(flowOf(port), listener, owner(false));
    expect(table.enter(flowOf(4), listener, owner(false))).to.equal(undefined);
    expect(table.enter(flowOf(2), listener, owner(false))).to.not.equal(undefined);
    expect(table.counters.refusedTableFull).to.equal(1);
    now = 1000;
    table.sweep();
    expect(table.size).to.equal(0);
    expect(table.enter(flowOf(4), listener, owner(false))).to.not.equal(undefined);
  });

  it('sweeps flows that come and go, and keeps those that live', () => {
    const large = new FlowTable({
      now: () => now,
      maximumFlows: 100_000,
      keptAliveIdleMilliseconds: 100,
      silentIdleMilliseconds: 200,
      firstSerial: 1,
    });
    for (let port = 0; port < 50_000; port++)
      large.enter(flowOf(port, port % 2 === 0 ? udp : tcp), listener, owner(true));
    now = 150;
    for (let count = 0; count < 4; count++) large.sweep();
    expect(large.size, 'TCP lives').to.equal(25_000);
  });

  it('costs less than 1 KB a flow', () => {
    const count = 50_000;
    const large = new FlowTable({
      now: () => now,
      maximumFlows: count,
      keptAliveIdleMilliseconds: 100,
      silentIdleMilliseconds: 200,
      firstSerial: 1,
    });
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < count; index++) {
      const peer = { address: `10.0.${index >> 8}.${index & 255}`, port: 1024 + (index % 60_000) };
      large.enter({ transport: udp, peer }, listener, owner(true, `subject-${index}`));
    }
    expect(large.size).to.equal(count);
    expect((process.memoryUsage().heapUsed - before) / count).to.be.below(1024);
  });
});
