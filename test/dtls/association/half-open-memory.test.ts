import { expect } from 'chai';

import { MemoryBudget } from '../../../dtls/handshake/memory-budget.ts';
import { ECDSA_CREDENTIALS, Pair } from './pair.ts';

const CERTIFICATES = Array.from({ length: 5 }, () => Buffer.alloc(5000, 1));

describe('dtls: memory of half-open handshakes', () => {
  it('certificates of a client count until its handshake is over, and are refused at the bound', () => {
    for (const maximum of [40_000, 1_000_000]) {
      const halfOpenMemory = new MemoryBudget(maximum);
      const pair = new Pair({
        suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
        server: { clientCertificates: 'require', halfOpenMemory },
        client: {
          credentials: { ...ECDSA_CREDENTIALS, certificates: [...ECDSA_CREDENTIALS.certificates, ...CERTIFICATES] },
        },
      }).run(100);
      const hasRoom = maximum === 1_000_000;
      expect(pair.clientAssociation.state === 'established').to.equal(hasRoom);
      expect(pair.server.counters.halfOpenMemoryRefused).to.equal(hasRoom ? 0 : 1);
      pair.scheduler.advance(60_000);
      expect(halfOpenMemory.used).to.equal(0);
    }
  });
});
