import { expect } from 'chai';

import { LargeRequests } from '../../../lib/sec1/index.ts';
import type { Flow, Peer } from '../../../sip/index.ts';

describe('large requests', () => {
  let now: number;
  let connected: boolean;
  let warned: Peer[];
  let requests: LargeRequests;

  const tcp: Flow = {
    transport: {
      protocol: 'TCP',
      reliable: true,
      local: { address: '127.0.0.1', port: 5060 },
      sentBy: '127.0.0.1:5060',
      send: () => true,
      isConnected: () => connected,
      close: async () => undefined,
    },
    peer: { address: '192.0.2.1', port: 5060 },
  };

  beforeEach(() => {
    now = 0;
    connected = false;
    warned = [];
    requests = new LargeRequests({
      now: () => now,
      maximumDatagramBytes: 1300,
      retryMilliseconds: 1000,
      onRefused: (peer) => warned.push(peer),
    });
  });

  it('lesson 31: are those above the bound, and nothing but their size decides', () => {
    expect(requests.isLarge(1300)).to.equal(false);
    expect(requests.isLarge(1301)).to.equal(true);
    expect(requests.flowFor(tcp)).to.equal(tcp);
    expect(requests.isLarge(1300)).to.equal(false);
    expect(requests.counters).to.deep.equal({ tcp: 1, refused: 0, udp: 0 });
  });

  it('lesson 31: go over UDP for a while after TCP was refused, unless a connection is open', () => {
    requests.refused(tcp);
    expect(warned).to.deep.equal([tcp.peer]);
    now = 999;
    expect(requests.flowFor(tcp)).to.equal(undefined);
    connected = true;
    expect(requests.flowFor(tcp)).to.equal(tcp);
    connected = false;
    now = 1000;
    expect(requests.flowFor(tcp)).to.equal(tcp);
    expect(requests.counters).to.deep.equal({ tcp: 2, refused: 1, udp: 1 });
  });

  it('go over UDP where there is no way by TCP', () => {
    expect(requests.flowFor(undefined)).to.equal(undefined);
    expect(requests.counters.udp).to.equal(1);
  });
});
