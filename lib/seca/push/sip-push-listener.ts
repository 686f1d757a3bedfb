import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { isSipUri, parseUri, TimerWheel, TransactionEngine, type Flow } from '../../../sip/index.ts';
import { DTLS_DEFAULT_PORT, gatewayPeer, UDP_DEFAULT_PORT, createKeyring } from '../agent.ts';
import type { AgentConfig } from '../../config/index.ts';
import { OsgateError } from '../../errors.ts';
import type { AgentKeyring } from '../agent-keyring.ts';
import type { Uicc } from '../uicc.ts';
import type { SipCredentials } from './digest-answers.ts';
import type { PushIntake } from './push-intake.ts';
import { PushUserAgent } from './push-user-agent.ts';
import { Registration, type RegistrationOptions } from './registration.ts';
import { openDtlsWay, openUdpWay, type SipWay, type SipWayEvents } from './sip-way.ts';

export type SipListenerEvents = Partial<
  Pick<SipWayEvents, 'associated' | 'ended' | 'associationFailed'> & RegistrationOptions['events']
>;

export interface SipPushListener {
  readonly counters: Readonly<Record<string, unknown>>;
  /** Answers what is under way, and takes the registration back. */
  close(): Promise<void>;
}

interface Parts {
  readonly config: AgentConfig;
  readonly uicc: Uicc;
  readonly intake: PushIntake;
  /** A URN's UUID (RFC 5626 4.1). */
  readonly instance: string;
  readonly events: SipListenerEvents;
}

/** What the farewell to the gateway may take. */
const FAREWELL_MILLISECONDS = 2000;

/** An agent answers a few requests a second. */
const LIMITS = { maxServerTransactions: 4096, maxClientTransactions: 64 };

/**
 * Registers, and takes the pushes that come as MESSAGE.
 *
 * @throws as `PushListener.start` does
 */
export async function openSipListener({ config, uicc, intake, instance, events }: Parts): Promise<SipPushListener> {
  const keyring = config.ub === undefined ? undefined : await createKeyring(config, uicc);
  const credentials = await credentialsOf(config, keyring);
  const wheel = new TimerWheel();
  const user = new PushUserAgent(intake);
  const engine = new TransactionEngine({ scheduler: wheel, random: randomBytes, user, limits: LIMITS });
  // The first messages of an association come before these are there.
  const later: { way?: SipWay; registration?: Registration } = {};
  const wayEvents: SipWayEvents = {
    ...events,
    onMessage: (datagram, peer) => {
      if (later.way !== undefined) engine.receive(datagram, { transport: later.way.transport, peer });
    },
    onNewWay: () => later.registration?.renew(),
    onLost: () => {
      // An association comes again by itself, and is registered then.
      if (config.transport === 'udp') later.registration?.lost();
    },
  };
  const way = await openWay(config, keyring, wayEvents);
  later.way = way;
  wheel.start();
  const flow: Flow = { transport: way.transport, peer: way.gateway };
  const { publicIdentity, push, dtls } = config;
  const registration = new Registration({
    engine,
    scheduler: wheel,
    flow,
    publicIdentity,
    registrar: push.registrar ?? registrarOf(publicIdentity),
    contact: contactOf(way, publicIdentity, instance),
    seconds: push.registerSeconds,
    credentials,
    backOff: dtls.reconnect,
    events,
  });
  later.registration = registration;
  const close = async (): Promise<void> => {
    await registration.close(FAREWELL_MILLISECONDS);
    engine.close();
    wheel.stop();
    await way.close();
  };
  try {
    await registration.open();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    get counters() {
      return { ...way.counters, ...engine.counters, ...registration.counters, ...user.counters };
    },
    close,
  };
}

async function openWay(config: AgentConfig, keyring: AgentKeyring | undefined, events: SipWayEvents): Promise<SipWay> {
  if (config.transport === 'udp') return openUdpWay(config, await gatewayPeer(config, UDP_DEFAULT_PORT), events);
  return openDtlsWay(config, { gateway: await gatewayPeer(config, DTLS_DEFAULT_PORT), keyring }, events);
}

/** A user with a password, and an agent that bootstraps: which of them the gateway asks for, it says by its realm. */
async function credentialsOf(config: AgentConfig, keyring: AgentKeyring | undefined): Promise<SipCredentials[]> {
  const { digest, gatewayFqdn } = config;
  const credentials: SipCredentials[] = [];
  if (digest !== undefined) {
    const { username, realm = gatewayFqdn } = digest;
    const password = await passwordIn(digest.passwordFile);
    credentials.push({ realm, get: async (renew) => (renew ? undefined : { username, password }) });
  }
  if (keyring !== undefined) {
    credentials.push({
      realm: `3GPP-bootstrapping@${gatewayFqdn}`,
      get: async (renew) => {
        const { btid, password } = await keyring.credentials(renew);
        return { username: btid, password };
      },
    });
  }
  return credentials;
}

/** The file has one line, as for `osgate subscriber password`. */
async function passwordIn(path: string): Promise<string> {
  try {
    return (await readFile(path, 'latin1')).replace(/\r?\n$/, '');
  } catch (error) {
    throw new OsgateError('OSGATE_CONFIG_INVALID', `agent.digest.passwordFile: cannot read ${path}`, { cause: error });
  }
}

function registrarOf(publicIdentity: string): string {
  const uri = parseUri(publicIdentity);
  if (isSipUri(uri)) return `sip:${uri.host}`;
  throw new OsgateError('OSGATE_CONFIG_INVALID', 'agent.push.registrar: needed, since publicIdentity has no domain');
}

function contactOf({ transport, uriParameters }: SipWay, publicIdentity: string, instance: string): string {
  const uri = parseUri(publicIdentity);
  const user = isSipUri(uri) && uri.user !== undefined ? uri.user : 'agent';
  return `<sip:${user}@${transport.sentBy}${uriParameters};ob>;+sip.instance="<urn:uuid:${instance}>";reg-id=1`;
}
