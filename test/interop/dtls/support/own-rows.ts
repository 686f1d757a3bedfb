import { expect } from 'chai';

import { openssl } from '../peers/openssl.ts';
import { Osgate, type OsgateClient, type OsgateServer, type OwnOptions } from '../peers/osgate.ts';
import type { Credentials } from './credentials.ts';
import { captureDecrypted, type Decrypted } from './decrypted-capture.ts';
import { exchange } from './exchange.ts';
import { PSK } from './session.ts';
import { UnreliableRelay } from './unreliable-relay.ts';

/** One row of the table of what is proven of osgate's own sessions. */
export interface OwnRow {
  readonly title: string;
  run(credentials: Credentials): Promise<void>;
}

const SUITE = 'TLS_PSK_WITH_AES_128_GCM_SHA256';
const LINES = ['line one', 'line two', 'line three'];

/** Connection ids, which no peer of Debian 12 has, and what tshark reads of sessions with osgate's key log. */
export const OWN_ROWS: readonly OwnRow[] = [
  {
    title: 'tshark decrypts a session of openssl s_client with the key log of osgate, and finds nothing wrong',
    run: async (credentials) => {
      const seen = await captureDecrypted(credentials.folder, async (keyLog) => {
        const server = await new Osgate({ keyLog }).startServer({ suite: SUITE, psk: PSK });
        try {
          const client = await openssl.connect?.({ suite: SUITE, psk: PSK, port: server.port });
          if (client === undefined) throw new Error('openssl has no client');
          await exchange(client, LINES);
          await client.close();
        } finally {
          await server.stop();
        }
        return server;
      });
      expectEverythingRead(seen);
      expect(seen.withConnectionId, seen.summary).to.equal(0);
    },
  },
  {
    title: 'tshark decrypts records with connection ids (RFC 9146) both ways, and finds nothing wrong',
    run: async (credentials) => {
      // Without the relay: tshark would see each record twice, and decrypts only one of the two.
      const seen = await captureDecrypted(credentials.folder, async (keyLog) => {
        const own: OwnOptions = { keyLog, clientConnectionIdLength: 4 };
        const server = await new Osgate(own).startServer({ suite: SUITE, psk: PSK });
        try {
          const client = await new Osgate(own).connect({ suite: SUITE, psk: PSK, port: server.port });
          await exchange(client, LINES);
          await client.close();
        } finally {
          await server.stop();
        }
        return server;
      });
      expectEverythingRead(seen);
      expect(seen.withConnectionId, seen.summary).to.be.at.least(2 * LINES.length);
    },
  },
  {
    title: 'lesson 4: an association with a connection id lives on behind a NAT that gives it another port',
    run: async () => {
      const [server, client, relay] = await ownSession({});
      try {
        await exchange(client, LINES);
        const [before] = server.associations.map(({ remote }) => remote.port);
        await relay.rebind();
        await exchange(client, ['line after rebinding']);
        const [association] = server.associations;
        expect(server.associations, 'no new handshake').to.have.lengthOf(1);
        expect(association?.remote.port).to.be.a('number').and.not.to.equal(before);
      } finally {
        await client.kill();
        relay.close();
        await server.stop();
      }
    },
  },
  {
    title: 'lesson 4: without a connection id the same association is lost, and the old one is not harmed',
    run: async () => {
      const [server, client, relay] = await ownSession({ connectionId: false });
      try {
        await exchange(client, LINES);
        await relay.rebind();
        const outcome = await exchange(client, ['line after rebinding'], { timeout: 1500 }).catch(() => 'lost');
        expect(outcome).to.equal('lost');
        expect(server.associations).to.have.lengthOf(1);
      } finally {
        await client.kill();
        relay.close();
        await server.stop();
      }
    },
  },
];

async function ownSession(own: OwnOptions): Promise<[OsgateServer, OsgateClient, UnreliableRelay]> {
  const server = await new Osgate(own).startServer({ suite: SUITE, psk: PSK });
  const relay = await UnreliableRelay.open(server.port, { seed: 0 });
  const client = await new Osgate(own).connect({ suite: SUITE, psk: PSK, port: relay.port });
  await server.facts();
  return [server, client, relay];
}

function expectEverythingRead({ data, faults, summary }: Decrypted): void {
  // Each line goes there and comes back.
  expect(
    data.map((text) => text.trimEnd()),
    summary,
  ).to.deep.equal(LINES.flatMap((line) => [line, line]));
  expect(faults, summary).to.deep.equal([]);
}
