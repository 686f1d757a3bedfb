import { expect } from 'chai';

import { Osgate, type OwnOptions } from '../peers/osgate.ts';
import { CLIENT_NAME, OTHER_NAME, SERVER_NAME, type Credentials, type KeyKind } from './credentials.ts';
import { exchange } from './exchange.ts';
import type { ClientOptions, DtlsPeer, PeerClient, PeerServer, PresharedKey, ServerOptions } from './peer.ts';
import type { RelayRules } from './relay-rules.ts';
import { suiteOf, usesPsk } from './suites.ts';
import { UnreliableRelay } from './unreliable-relay.ts';

/** Who is the client. */
export type Direction = 'to osgate' | 'from osgate';

export const PSK: PresharedKey = {
  identity: 'agent@example.com',
  key: Buffer.from('8f3a5c0e71d24b9690ab13cd57ef0246', 'hex'),
};

/** What a session is to be like, beyond the suite. */
export interface SessionPlan {
  readonly suite: string;
  readonly serverKey?: KeyKind;
  /** The client has a certificate, which the server requires. */
  readonly clientKey?: KeyKind;
  /** The server has a second certificate, for a name that the client asks for. */
  readonly asksForOtherName?: boolean;
  readonly pskHint?: string;
  readonly group?: string;
  readonly extendedMasterSecret?: boolean;
  readonly tickets?: boolean;
  /** Octets of a datagram, for both ends; `foreignMtu` false leaves that of the foreign end alone. */
  readonly mtu?: number;
  readonly foreignMtu?: boolean;
  readonly timer?: number;
  /** A second session resumes the first. */
  readonly resumes?: boolean;
  readonly network?: RelayRules;
  readonly lines?: readonly string[];
  /** Milliseconds for the whole exchange of lines. */
  readonly timeout?: number;
  readonly own?: OwnOptions;
  /** Looks at more, after the lines are exchanged. */
  readonly look?: (session: {
    client: PeerClient;
    server: PeerServer;
    relay: UnreliableRelay | undefined;
  }) => void | Promise<void>;
}

let sessionFiles = 0;

/** Has a session between osgate and a foreign peer, as planned, and proves that both ends see it as it was meant. */
export async function haveSession(
  peer: DtlsPeer,
  direction: Direction,
  plan: SessionPlan,
  credentials: Credentials,
): Promise<void> {
  const osgate = new Osgate(plan.own);
  const [client, server]: [DtlsPeer, DtlsPeer] = direction === 'to osgate' ? [peer, osgate] : [osgate, peer];
  if (server.startServer === undefined || client.connect === undefined) throw new Error(`${peer.name} cannot do that`);
  const [serverOptions, clientOptions] = await optionsOf(plan, direction, credentials);
  const running = await server.startServer(serverOptions);
  const relay = plan.network === undefined ? undefined : await UnreliableRelay.open(running.port, plan.network);
  try {
    const options = { ...clientOptions, port: relay?.port ?? running.port };
    for (let session = 0; session < (plan.resumes === true ? 2 : 1); session++) {
      const connected = await client.connect(options);
      try {
        const lines = plan.lines ?? ['line one', 'line two'];
        await exchange(connected, lines, plan.timeout === undefined ? {} : { timeout: plan.timeout });
        expect(connected.facts.suite, 'suite that the client sees').to.equal(plan.suite);
        await compare(peer, direction, plan, connected, running, session);
        await plan.look?.({ client: connected, server: running, relay });
        const well = await connected.close();
        // Over a bad network the goodbye itself may be lost.
        const forgets = direction === 'to osgate' && peer.forgetsGoodbye === true;
        if (relay === undefined && !forgets) {
          expect(well, 'the client ends well').to.be.true;
          expect(await running.ended(session), 'the server ends well').not.to.equal(false);
        }
      } finally {
        await connected.kill();
      }
    }
  } catch (error) {
    const said = `${running.output.slice(-3000)}\n${JSON.stringify(relay?.counts)}`;
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nserver: ${said}`, { cause: error });
  } finally {
    relay?.close();
    await running.stop();
  }
}

async function optionsOf(
  plan: SessionPlan,
  direction: Direction,
  credentials: Credentials,
): Promise<[ServerOptions, Omit<ClientOptions, 'port'>]> {
  const { suite, group, extendedMasterSecret, tickets, timer } = plan;
  const psk = usesPsk(suiteOf(suite)) ? PSK : undefined;
  const rsa = suiteOf(suite).keyExchange === 'ecdhe-rsa';
  const serverKey = plan.serverKey ?? (rsa ? 'rsa-2048' : 'ecdsa-p256');
  const withCertificates = psk === undefined;
  // Only the foreign end is set to something odd; ours has to cope.
  const foreign = { extendedMasterSecret, group, mtu: plan.foreignMtu === false ? undefined : plan.mtu };
  const ours = { mtu: plan.mtu };
  const common = { suite, psk, tickets, timer, authorities: withCertificates ? credentials.authorities : undefined };
  const named = await credentials.issue(OTHER_NAME, serverKey);
  const server: ServerOptions = {
    ...common,
    ...(direction === 'to osgate' ? ours : foreign),
    certificate: withCertificates ? await credentials.issue(SERVER_NAME, serverKey) : undefined,
    requireClientCertificate: plan.clientKey !== undefined,
    pskHint: plan.pskHint,
    named: plan.asksForOtherName === true ? { ...named, serverName: OTHER_NAME } : undefined,
  };
  const client = {
    ...common,
    ...(direction === 'to osgate' ? foreign : ours),
    certificate: plan.clientKey === undefined ? undefined : await credentials.issue(CLIENT_NAME, plan.clientKey),
    serverName: withCertificates ? (plan.asksForOtherName === true ? OTHER_NAME : SERVER_NAME) : undefined,
    sessionFile: plan.resumes === true ? credentials.path(`session-${sessionFiles++}`) : undefined,
  };
  return [server, client];
}

/** What both ends say must be what was planned; what a peer does not say is not asked. */
async function compare(
  peer: DtlsPeer,
  direction: Direction,
  plan: SessionPlan,
  client: PeerClient,
  server: PeerServer,
  session: number,
): Promise<void> {
  // gnutls-cli has the first session itself before the one that it shows, so the server has seen one more.
  const shown = peer.name === 'GnuTLS' && direction === 'to osgate' && session === 1 ? 2 : session;
  const atServer = await server.facts(shown);
  if (atServer.suite !== undefined) expect(atServer.suite, 'suite that the server sees').to.equal(plan.suite);
  const resumed = session === 1;
  if (client.facts.resumed !== undefined) expect(client.facts.resumed, 'resumed, says the client').to.equal(resumed);
  if (atServer.resumed !== undefined) expect(atServer.resumed, 'resumed, says the server').to.equal(resumed);
  if (usesPsk(suiteOf(plan.suite))) {
    if (atServer.pskIdentity !== undefined && !resumed) expect(atServer.pskIdentity).to.equal(PSK.identity);
    return;
  }
  if (client.facts.peerName !== undefined) {
    const expected = plan.asksForOtherName === true ? OTHER_NAME : SERVER_NAME;
    expect(client.facts.peerName, 'name in the certificate of the server').to.equal(expected);
  }
  if (plan.clientKey !== undefined && atServer.peerName !== undefined) {
    expect(atServer.peerName, 'name in the certificate of the client').to.equal(CLIENT_NAME);
  }
  if (plan.extendedMasterSecret !== undefined && client.facts.extendedMasterSecret !== undefined) {
    expect(client.facts.extendedMasterSecret, 'extended master secret').to.equal(plan.extendedMasterSecret);
  }
}
