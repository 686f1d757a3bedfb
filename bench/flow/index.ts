import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { AuthenticatorChain } from '../../lib/identity/index.ts';
import { FlowTable, type SipListener } from '../../lib/sec1/index.ts';
import type { Transport } from '../../sip/index.ts';
import { printFigure } from '../support/report.ts';

const FLOWS = 200_000;

/** What an idle flow of an agent takes of memory: the table filled through its own door, counted by the garbage collector. */
export function benchFlow(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const udp: Transport = {
    protocol: 'UDP',
    reliable: false,
    local: { address: '127.0.0.1', port: 5060 },
    sentBy: '127.0.0.1:5060',
    send: () => true,
    isConnected: () => true,
    close: () => Promise.resolve(),
  };
  const listener: SipListener = {
    name: 'agents',
    fqdn: 'osg.example.com',
    transport: udp,
    transports: [udp],
    authenticators: new AuthenticatorChain({ authenticators: [] }),
    counters: () => ({}),
    nonceFill: () => 0,
    trusts: () => false,
  };
  const table = new FlowTable({
    now: () => performance.now(),
    maximumFlows: FLOWS,
    keptAliveIdleMilliseconds: 60_000,
    silentIdleMilliseconds: 60_000,
    firstSerial: 1,
  });
  collect();
  const before = octetsInUse();
  for (let number = 0; number < FLOWS; number++) {
    // Strings of their own, as they come from a socket and from a B-TID.
    const address = Buffer.from(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`).toString();
    const subject = Buffer.from(`${number.toString(16).padStart(22, '0')}==@bsf.example.com`).toString();
    table.enter({ transport: udp, peer: { address, port: 5060 } }, listener, {
      subject,
      keptAlive: true,
      required: true,
    });
  }
  collect();
  printFigure({ name: 'sip.flow.bytes', unit: 'octets', osgate: (octetsInUse() - before) / table.size });
}

function octetsInUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
