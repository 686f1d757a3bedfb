import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { connect, createServer, type DtlsAssociation } from '../../../../dtls/index.ts';
import type {
  CertificateFiles,
  ClientOptions,
  DtlsPeer,
  PeerClient,
  PeerServer,
  ServerOptions,
  SessionFacts,
} from '../support/peer.ts';

/** What only ours is asked for. */
export interface OwnOptions {
  readonly keyLog?: (line: string) => void;
  readonly connectionId?: boolean;
  /** Octets of the connection id that the client wants to receive; it only sends one where absent. */
  readonly clientConnectionIdLength?: number;
}

/** osgate's own DTLS, in this process. */
export class Osgate implements DtlsPeer {
  readonly name = 'osgate';
  readonly #own: OwnOptions;

  constructor(own: OwnOptions = {}) {
    this.#own = own;
  }

  lacks(): undefined {
    return undefined;
  }

  async startServer(options: ServerOptions): Promise<OsgateServer> {
    const server = createServer({
      cipherSuites: [options.suite],
      psk:
        options.psk === undefined
          ? undefined
          : {
              hint: options.pskHint,
              lookUp: async ({ identity }) =>
                identity === options.psk?.identity ? { key: options.psk.key } : undefined,
            },
      certificates: [options.named, options.certificate].filter((files) => files !== undefined).map(credentials),
      clientCertificates: options.requireClientCertificate === true ? 'require' : 'none',
      authorities: readOptional(options.authorities),
      groups: options.group === undefined ? undefined : [options.group],
      sessionTickets: options.tickets === false ? false : {},
      sessionCache: {},
      mtu: options.mtu,
      retransmission: retransmission(options.timer),
      handshakeTimeoutMilliseconds: 60_000,
      connectionId: this.#own.connectionId === false ? false : {},
      keyLog: this.#own.keyLog,
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    return new OsgateServer(server);
  }

  async connect(options: ClientOptions): Promise<OsgateClient> {
    const { sessionFile } = options;
    const association = await connect({
      host: '127.0.0.1',
      port: options.port,
      cipherSuites: [options.suite],
      psk: options.psk,
      certificate: readOptional(options.certificate?.certificate),
      privateKey: readOptional(options.certificate?.privateKey),
      authorities: readOptional(options.authorities),
      serverName: options.serverName,
      session: sessionFile !== undefined && existsSync(sessionFile) ? readFileSync(sessionFile) : undefined,
      groups: options.group === undefined ? undefined : [options.group],
      mtu: options.mtu,
      retransmission: retransmission(options.timer),
      handshakeTimeoutMilliseconds: 60_000,
      connectionId: this.#own.connectionId === false ? false : { length: this.#own.clientConnectionIdLength ?? 0 },
      keyLog: this.#own.keyLog,
    });
    if (sessionFile !== undefined && association.session !== undefined) writeFileSync(sessionFile, association.session);
    return new OsgateClient(association);
  }
}

export class OsgateServer implements PeerServer {
  readonly port: number;
  readonly associations: DtlsAssociation[] = [];
  readonly failures: string[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #reasons: (string | undefined)[] = [];

  constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.port = server.address().port;
    server.on('failure', ({ reason, code }) => {
      this.failures.push(`${reason} (alert ${code ?? 'none'})`);
    });
    server.on('association', (association) => {
      const index = this.associations.push(association) - 1;
      association.on('message', (data) => {
        association.send(data);
      });
      association.on('close', (reason) => {
        this.#reasons[index] = reason;
      });
    });
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#server.counters;
  }

  get output(): string {
    const counted = Object.entries(this.counters).filter(([, value]) => value !== 0);
    return `osgate server: ${JSON.stringify(Object.fromEntries(counted))} ${this.failures.join(', ')}`;
  }

  async facts(session = 0): Promise<SessionFacts> {
    const association = await until(`session ${session}`, () => this.associations[session], this);
    return factsOf(association);
  }

  async ended(session = 0): Promise<boolean> {
    return (await until(`end of session ${session}`, () => this.#reasons[session], this)) === 'peer-closed';
  }

  stop(): Promise<void> {
    return this.#server.close();
  }
}

export class OsgateClient implements PeerClient {
  readonly association: DtlsAssociation;
  readonly received: string[] = [];
  #reason: string | undefined;

  constructor(association: DtlsAssociation) {
    this.association = association;
    association.on('message', (data) => {
      this.received.push(...data.toString('latin1').trimEnd().split('\n'));
    });
    association.on('close', (reason) => {
      this.#reason = reason;
    });
  }

  get facts(): SessionFacts {
    return factsOf(this.association);
  }

  get output(): string {
    return `osgate client: ${this.#reason ?? 'open'}`;
  }

  send(line: string): void {
    this.association.send(Buffer.from(`${line}\n`, 'latin1'));
  }

  async close(): Promise<boolean> {
    if (this.#reason !== undefined) return false;
    await this.association.close();
    return true;
  }

  async kill(): Promise<void> {
    await this.association.close();
  }
}

function factsOf(association: DtlsAssociation): SessionFacts {
  return {
    suite: association.getCipher().standardName,
    resumed: association.resumed,
    peerName: /^CN=(.*)$/m.exec(association.peerCertificate?.subject ?? '')?.[1],
    pskIdentity: association.pskIdentity,
  };
}

function credentials(files: CertificateFiles): { certificate: string; privateKey: string } {
  return { certificate: readFileSync(files.certificate, 'utf8'), privateKey: readFileSync(files.privateKey, 'utf8') };
}

function readOptional(path: string | undefined): string | undefined {
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}

function retransmission(timer: number | undefined): { initialMilliseconds: number; maximumMilliseconds: number } {
  // Short, so that tests with loss end soon: on loopback nothing takes longer.
  return { initialMilliseconds: timer ?? 200, maximumMilliseconds: Math.max(1000, (timer ?? 0) * 16) };
}

async function until<Found>(what: string, find: () => Found | undefined, server: OsgateServer): Promise<Found> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`no ${what}: ${server.output}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
