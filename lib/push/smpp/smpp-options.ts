import { readFile } from 'node:fs/promises';

import type { SmppCarrierOptions, SmppCarrierSettings, SmppTls } from '../../../push/index.ts';
import type { SmppCarrierConfig } from '../../config/push-smpp.ts';
import { OsgateError } from '../../errors.ts';

/** SMPP 3.4 5.2.2: 9 octets with the 0 that ends it. */
const LONGEST_PASSWORD = 8;

type FromConfig = Pick<SmppCarrierOptions, 'endpoint' | 'account' | 'settings'>;

/**
 * What the carrier needs, with files and environment variables read. The password is secret.
 * @throws OsgateError OSGATE_CONFIG_INVALID for a file that cannot be read, or a password that is none
 */
export async function smppOptionsOf(
  config: SmppCarrierConfig,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<FromConfig> {
  const { host, port, tls, systemId, systemType } = config;
  const [password, pem] = await Promise.all([loadPassword(config.password, environment), tls && readTls(tls)]);
  return {
    endpoint: { host, port, ...(pem === undefined ? {} : { tls: pem }) },
    account: { systemId, password, systemType },
    settings: settingsOf(config),
  };
}

function settingsOf(config: SmppCarrierConfig): SmppCarrierSettings {
  const { source, destination, applicationCodes, maximumValiditySeconds } = config;
  return {
    source,
    destinationKind: destination,
    serviceType: config.serviceType,
    ports: config.ports,
    referenceBits: config.referenceBits,
    maximumSegments: config.maximumSegments,
    applicationCodes: new Map(applicationCodes.map(({ applicationId, code }) => [applicationId, code])),
    receipts: config.receipts,
    maximumAwaitedReceipts: config.maximumAwaitedReceipts,
    maximumValidityMilliseconds: maximumValiditySeconds * 1000,
    maximumOutstanding: config.maximumOutstanding,
    maximumWaiting: config.maximumWaiting,
    submitsPerSecond: config.submitsPerSecond,
    throttlePauseMilliseconds: config.throttlePauseMilliseconds,
    uplinkPerSecond: config.uplinkPerSecond,
    reassembly: config.reassembly,
    responseTimeoutMilliseconds: config.responseTimeoutMilliseconds,
    enquireLinkMilliseconds: config.enquireLinkMilliseconds,
    initialReconnectMilliseconds: config.initialReconnectMilliseconds,
    maximumReconnectMilliseconds: config.maximumReconnectMilliseconds,
    maximumPduOctets: config.maximumPduOctets,
    maximumUnsentOctets: config.maximumUnsentOctets,
  };
}

async function loadPassword(
  location: SmppCarrierConfig['password'],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const isFile = 'file' in location;
  const password = (isFile ? await read(location.file) : (environment[location.environment] ?? '')).trim();
  if (/^[\x21-\x7e]+$/.test(password) && password.length <= LONGEST_PASSWORD) return password;
  const source = isFile ? location.file : `the environment variable ${location.environment}`;
  const form = `1 to ${LONGEST_PASSWORD} printable characters of US-ASCII`;
  throw new OsgateError('OSGATE_CONFIG_INVALID', `${source} holds no password for SMPP: ${form}`);
}

async function readTls(tls: NonNullable<SmppCarrierConfig['tls']>): Promise<SmppTls> {
  const { authorities, serverName, certificate, privateKey } = tls;
  return {
    ...(authorities === undefined ? {} : { authorities: await read(authorities) }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(certificate === undefined ? {} : { certificate: await read(certificate) }),
    ...(privateKey === undefined ? {} : { privateKey: await read(privateKey) }),
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OsgateError('OSGATE_CONFIG_INVALID', `${path}: cannot be read (${reason})`, { cause: error });
  }
}
