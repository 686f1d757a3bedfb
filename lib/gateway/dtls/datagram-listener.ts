import { randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { addressOctets, formatAddress, UdpTransport, type Peer } from '../../../sip/index.ts';
import type {
  ChannelAuthenticatorConfig,
  DatagramListenerConfig,
  DtlsConfig,
  GatewayConfig,
} from '../../config/index.ts';
import { OsgateError } from '../../errors.ts';
import { ChannelProofs, type SecurityRequirement } from '../../identity/index.ts';
import { ChannelServer, DatagramRelay, datagramKind } from '../../sec1/index.ts';
import { prefixed } from '../listener-transports.ts';
import {
  buildChannelAuthenticator,
  channelProofParts,
  channelRecipe,
  checkPskHint,
  pskHint,
  type BuiltChannelAuthenticator,
  type KeySources,
} from './channel-authenticators.ts';
import type { DtlsParts } from './dtls-parts.ts';
import { dtlsServerOptions, readCertificates } from './server-options.ts';

export interface DatagramListenerParts extends KeySources {
  readonly datagrams: GatewayConfig['datagrams'];
  readonly dtls: DtlsParts;
  readonly reusePort?: boolean;
  /** A bound UDP socket that the process inherited for this listener, in place of a new one. */
  readonly descriptor?: number | undefined;
}

interface Judgement {
  readonly built: readonly (BuiltChannelAuthenticator & { readonly recipe: string })[];
  readonly requires: readonly SecurityRequirement[] | undefined;
}

/** A SEC-1 listener for any enabler over UDP: DTLS towards agents, UDP towards a server. */
export class DatagramListener {
  readonly name: string;
  readonly fqdn: string;
  readonly local: Peer;
  readonly channel: ChannelServer;
  readonly #socket: UdpTransport;
  readonly #relay: DatagramRelay;
  readonly #proofs: ChannelProofs;
  readonly #pskOffer: ReturnType<typeof pskHint>;
  readonly #strange = { notDtls: 0 };
  #judgement: Judgement;

  private constructor(
    config: DatagramListenerConfig,
    target: Peer,
    parts: DatagramListenerParts,
    open: { socket: UdpTransport; judgement: Judgement },
  ) {
    const { name, fqdn, authenticators } = config;
    this.name = name;
    this.fqdn = fqdn;
    this.#socket = open.socket;
    this.local = open.socket.local;
    this.#judgement = open.judgement;
    this.#pskOffer = pskHint(authenticators);
    this.#proofs = new ChannelProofs(channelProofParts(open.judgement.built));
    this.#relay = new DatagramRelay({
      name,
      local: this.local,
      target,
      proxyProtocol: config.proxyProtocol,
      maximumFlows: config.maximumFlows,
      flowIdleMilliseconds: config.flowIdleSeconds * 1000,
      maximumDatagramBytes: config.maximumDatagramBytes,
    });
    const { dtls } = parts;
    const { handOver } = dtls;
    this.channel = new ChannelServer({
      name,
      proofs: this.#proofs,
      identityRequired: true,
      requires: () => this.#judgement.requires,
      psk: pskHint(authenticators),
      events: dtls.events,
      user: this.#relay,
      firstAssociation: randomInt(2 ** 32),
      handOver:
        handOver === undefined
          ? undefined
          : (worker, datagram, peer) => {
              handOver(name, worker, datagram, peer);
            },
      server: dtlsServerOptions(dtls.config, {
        listener: name,
        secrets: dtls.secrets,
        worker: dtls.worker,
        authorities: authoritiesOf(open.judgement),
        certificateOptional: authenticators.some(({ type }) => type !== 'certificate'),
        keyLog: dtls.keyLog,
      }),
    });
    this.channel.attach(open.socket);
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED; OsgateError OSGATE_CONFIG_INVALID; DtlsError */
  static async open(config: DatagramListenerConfig, parts: DatagramListenerParts): Promise<DatagramListener> {
    const judgement = judge(config, parts, []);
    const target = await targetOf(config);
    // No datagram can come before the listener is there: the socket hands them over in a later turn of the event loop.
    let listener: DatagramListener | undefined;
    const socket = await UdpTransport.open(
      {
        host: config.host,
        port: config.port,
        reusePort: parts.reusePort ?? false,
        maximumPendingDatagrams: parts.datagrams.maximumPending,
        ...(parts.descriptor === undefined ? {} : { fd: parts.descriptor }),
      },
      (datagram, peer) => {
        listener?.receive(datagram, peer);
      },
    );
    try {
      listener = new DatagramListener(config, target, parts, { socket, judgement });
      return listener;
    } catch (error) {
      await socket.close();
      throw error;
    }
  }

  /** Takes a datagram from the socket, or from another worker. */
  receive(datagram: Buffer, peer: Peer): void {
    if (datagramKind(datagram) === 'dtls') this.channel.receive(datagram, peer);
    else this.#strange.notDtls++;
  }

  get flows(): number {
    return this.#relay.size;
  }

  counters(): Readonly<Record<string, number>> {
    return {
      ...prefixed('udp', this.#socket.counters),
      ...prefixed('relay', this.#relay.counters),
      ...prefixed('channel', this.channel.counters),
      ...this.#strange,
    };
  }

  /** Prepares the authenticators of another configuration; calling the result puts them in force for new associations. */
  renew(config: DatagramListenerConfig, sources: KeySources, dtls: DtlsConfig): () => void {
    checkPskHint(config, this.#pskOffer);
    const judgement = judge(config, sources, this.#judgement.built);
    const renewChannel = this.channel.renew(readCertificates(dtls), authoritiesOf(judgement));
    return () => {
      renewChannel();
      this.#judgement = judgement;
      this.#proofs.replace(channelProofParts(judgement.built));
    };
  }

  async close(): Promise<void> {
    await this.channel.close();
    this.#relay.stop();
    await this.#socket.close();
  }
}

function judge(
  { fqdn, authenticators, requires }: DatagramListenerConfig,
  sources: KeySources,
  previous: Judgement['built'],
): Judgement {
  const built = authenticators.map((settings: ChannelAuthenticatorConfig) => {
    const recipe = JSON.stringify({ fqdn, settings, files: channelRecipe(settings) });
    const kept = previous.find((one) => one.recipe === recipe);
    return kept ?? { ...buildChannelAuthenticator(fqdn, settings, sources), recipe };
  });
  return { built, requires };
}

function authoritiesOf({ built }: Judgement): string | undefined {
  return built.find(({ authorities }) => authorities !== undefined)?.authorities;
}

async function targetOf({ name, target }: DatagramListenerConfig): Promise<Peer> {
  let address = target.host;
  try {
    if (isIP(address) === 0) ({ address } = await lookup(address));
  } catch (error) {
    throw new OsgateError(
      'OSGATE_CONFIG_INVALID',
      `gateway.sec1.datagram ${name}: the target ${target.host} has no address`,
      { cause: error },
    );
  }
  // In the spelling that sources of datagrams have, with which it is compared.
  return { address: formatAddress(addressOctets(address)), port: target.port };
}
