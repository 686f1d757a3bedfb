import { randomBytes } from 'node:crypto';

import { stringify } from 'yaml';

import {
  NafId,
  nafKeyPassword,
  UaSecurityProtocolId,
  type BootstrappingInfo,
  type KeyCentre,
} from '../../kmc/index.ts';
import { parseConfig, requireSection, type GatewayConfig } from '../../lib/config/index.ts';
import { startAdmission } from '../../lib/gateway/admission.ts';
import { composeEdge } from '../../lib/gateway/compose-edge.ts';
import { EdgeReporter } from '../../lib/gateway/edge-reporter.ts';
import { FlowParts } from '../../lib/gateway/flow-parts.ts';
import { SipTap } from '../../lib/gateway/sip-tap.ts';
import {
  AuthenticatorChain,
  GbaDigestAuthenticator,
  KeyCache,
  TrustedAuthenticator,
  type Authenticator,
} from '../../lib/identity/index.ts';
import { createLogger, Metrics } from '../../lib/ops/index.ts';
import type { SipListener } from '../../lib/sec1/index.ts';
import { octetsOf, TimerWheel, TransactionEngine, type Peer, type Transport } from '../../sip/index.ts';

const FQDN = 'osg.example.com';
const KEY = Buffer.alloc(32, 5);

/** The realm of the edge, and the password of every agent. */
export const REALM = `3GPP-bootstrapping@${FQDN}`;
export const PASSWORD = nafKeyPassword(KEY);

/** Where the application server is that the edge sends to. */
export const TARGET: Peer = { address: '192.0.2.200', port: 5060 };

/** What the edge is wired by; its listeners and its key centre are put in their place below. */
const CONFIGURATION = {
  kmc: { domain: 'bsf.example.com', subscribers: { database: 'unused.db', secretKey: { file: 'unused.key' } } },
  gateway: {
    keyCentre: { type: 'embedded' },
    sec1: {
      sip: [
        {
          name: 'inside',
          host: '127.0.0.1',
          port: 0,
          fqdn: 'inside.example.com',
          authenticators: [{ type: 'trusted', peers: [TARGET.address] }],
        },
      ],
    },
    sec3: {
      sip: [{ name: 'bench', domains: ['example.com'], targets: [`sip:${TARGET.address}:${TARGET.port}`] }],
    },
    // One port stands for all agents: it must not be taken for one that sends too much.
    admission: { known: { perSecond: 1_000_000, burst: 1_000_000 } },
  },
};

/** A transport that keeps the last message in place of sending it. */
export class MemoryTransport implements Transport {
  readonly protocol = 'UDP';
  readonly reliable = false;
  readonly local: Peer;
  readonly sentBy: string;
  #last: Buffer | string | undefined;

  constructor(port: number) {
    this.local = { address: '192.0.2.100', port };
    this.sentBy = `${this.local.address}:${port}`;
  }

  send(message: Buffer | string): boolean {
    this.#last = message;
    return true;
  }

  /** The last message, once. */
  take(): Buffer | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last === undefined ? undefined : octetsOf(last);
  }

  isConnected(): boolean {
    return true;
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

/** All of a gateway but its sockets, wired by what wires a gateway, with one listener for agents and one for the inside. */
export class MemoryEdge {
  readonly agents = new MemoryTransport(5060);
  readonly inside = new MemoryTransport(5070);
  readonly #receive: (datagram: Buffer, transport: Transport, peer: Peer) => void;
  readonly #stop: () => Promise<void>;

  private constructor(settings: GatewayConfig, tap: SipTap, reporter: EdgeReporter) {
    const logger = createLogger({ level: 'info', format: 'json' }, 'bench');
    const metrics = new Metrics();
    const wheel = new TimerWheel();
    const engine = new TransactionEngine({ scheduler: wheel, random: randomBytes, observe: tap });
    const listeners = [
      listener('agents', this.agents, gbaDigest()),
      listener('inside', this.inside, new TrustedAuthenticator({ peers: [TARGET.address] })),
    ];
    const flows = new FlowParts({ settings, listeners, secret: randomBytes(32), scheduler: wheel, logger, metrics });
    const admission = startAdmission(settings.admission, {
      engine,
      wheel,
      metrics,
      events: tap,
      deliver: (message, flow) => {
        if (!flows.take(message, flow)) engine.receive(message, flow);
      },
    });
    reporter.setListeners(listeners);
    admission.setListeners(listeners);
    const secrets = { dialogs: randomBytes(32), loops: randomBytes(32) };
    const inside = new Set(['inside']);
    const standing = { settings, listeners, inside, engine, wheel, flows, admission, logger, secrets };
    const { dns } = composeEdge(standing);
    wheel.start();
    this.#receive = (datagram, transport, peer) => {
      admission.receive(datagram, { transport, peer });
    };
    this.#stop = async () => {
      wheel.stop();
      flows.stop();
      dns.close();
      engine.close();
      await tap.close();
    };
  }

  static async open(): Promise<MemoryEdge> {
    const settings = requireSection(parseConfig(stringify(CONFIGURATION), 'gateway.yaml'), 'gateway');
    const reporter = new EdgeReporter(createLogger({ level: 'info', format: 'json' }, 'bench'), new Metrics(), 'none');
    return new MemoryEdge(settings, await SipTap.open(reporter, undefined), reporter);
  }

  /** Hands the edge a datagram as a socket would. */
  receive(datagram: Buffer, transport: MemoryTransport, peer: Peer): void {
    this.#receive(datagram, transport, peer);
  }

  async stop(): Promise<void> {
    await this.#stop();
  }
}

function listener(name: string, transport: Transport, authenticator: Authenticator): SipListener {
  return {
    name,
    fqdn: name === 'agents' ? FQDN : `${name}.example.com`,
    transport,
    transports: [transport],
    authenticators: new AuthenticatorChain({ authenticators: [authenticator] }),
    counters: () => ({}),
    nonceFill: () => 0,
    trusts: (address) => authenticator instanceof TrustedAuthenticator && authenticator.trusts(address),
  };
}

function gbaDigest(): GbaDigestAuthenticator {
  return new GbaDigestAuthenticator({
    realm: REALM,
    nafId: new NafId(FQDN, UaSecurityProtocolId.parse('0300000002')),
    keys: new KeyCache({ keyCentre: new ReadyKeyCentre(), maximumKeys: 1000 }),
    gsids: [0],
    algorithms: ['MD5'],
    qop: ['auth'],
    challenge: 'proxy',
    nonceSecret: randomBytes(32),
    nonceLifetimeSeconds: 60,
    nonceCountWindow: 256,
    maximumNonces: 1_000_000,
  });
}

/** Knows every agent, whose public identity is the same for all. */
class ReadyKeyCentre implements Pick<KeyCentre, 'bootstrappingInfo'> {
  async bootstrappingInfo(): Promise<BootstrappingInfo> {
    const now = Date.now();
    return {
      keys: { meKeyMaterial: KEY },
      impi: 'alice@ims.example.com',
      createdAt: now,
      expiresAt: now + 3_600_000,
      securitySettings: [{ gsid: 0, type: 0, uids: ['sip:alice@example.com'], flags: [] }],
    };
  }
}
