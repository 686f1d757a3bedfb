import { DEFAULT_ASSOCIATION_LIMITS, type AssociationLimits } from '../association/limits.ts';
import type { CommonSettings } from '../association/settings.ts';
import { DtlsError } from '../errors.ts';
import { MemoryBudget } from '../handshake/memory-budget.ts';
import { cipherSuiteByName, DEFAULT_CIPHER_SUITES, type CipherSuite } from '../suites/cipher-suite.ts';
import { groupByName, GROUPS } from '../suites/key-exchange.ts';
import { SIGNATURE_SCHEMES, signatureSchemeByName } from '../suites/signature-schemes.ts';
import { associationLimitsOf, type DtlsLimits } from './limits.ts';
import type { CommonOptions } from './server-options.ts';

/** IP, UDP and the smallest useful handshake fragment; and what UDP can carry. */
const MTU = { minimum: 256, maximum: 65_507 };

/**
 * What servers and clients are asked for, as associations take it.
 *
 * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT
 */
export function commonSettingsOf(options: CommonOptions, limits: DtlsLimits, connectionId: boolean): CommonSettings {
  return {
    cipherSuites: cipherSuitesOf(options),
    groups: named(options.groups, groupByName, 'group')?.map(({ code }) => code) ?? GROUPS.map(({ code }) => code),
    signatureSchemes: (
      named(options.signatureSchemes, signatureSchemeByName, 'signature scheme') ?? SIGNATURE_SCHEMES
    ).map(({ code }) => code),
    limits: limitsOf(options, limits),
    halfOpenMemory: new MemoryBudget(limits.halfOpenBytes),
    requireExtendedMasterSecret: options.requireExtendedMasterSecret ?? false,
    connectionId,
    returnRoutability: options.returnRoutabilityCheck ?? false,
    ...(options.recordSizeLimit !== undefined && {
      recordSizeLimit: within('recordSizeLimit', options.recordSizeLimit, 64, 16_384),
    }),
  };
}

/** The bounds of a user over the defaults, all of them positive. @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT */
export function limitsWith(defaults: DtlsLimits, given: Partial<DtlsLimits> = {}): DtlsLimits {
  const limits: Record<string, number> = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaults)) throw invalid(`there is no limit ${name}`);
    limits[name] = within(`limits.${name}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
  return { ...defaults, ...limits };
}

/** @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT when the value is no number from `minimum` to `maximum` */
export function within(name: string, value: number, minimum: number, maximum: number): number {
  if (value >= minimum && value <= maximum) return value;
  throw invalid(`${name} is ${value}, but must be ${minimum} to ${maximum}`);
}

function cipherSuitesOf({ cipherSuites }: CommonOptions): readonly CipherSuite[] {
  return named(cipherSuites, cipherSuiteByName, 'cipher suite') ?? DEFAULT_CIPHER_SUITES;
}

function limitsOf(options: CommonOptions, limits: DtlsLimits): AssociationLimits {
  const { initialMilliseconds, maximumMilliseconds } = options.retransmission ?? {};
  const defaults = DEFAULT_ASSOCIATION_LIMITS;
  const longest = Number.MAX_SAFE_INTEGER;
  return {
    ...defaults,
    ...associationLimitsOf(limits),
    mtu: within('mtu', options.mtu ?? defaults.mtu, MTU.minimum, MTU.maximum),
    initialRetransmission: within(
      'initialMilliseconds',
      initialMilliseconds ?? defaults.initialRetransmission,
      1,
      longest,
    ),
    maximumRetransmission: within(
      'maximumMilliseconds',
      maximumMilliseconds ?? defaults.maximumRetransmission,
      1,
      longest,
    ),
    handshakeTimeout: within(
      'handshakeTimeoutMilliseconds',
      options.handshakeTimeoutMilliseconds ?? defaults.handshakeTimeout,
      1,
      longest,
    ),
    idleTimeout: within('idleTimeoutMilliseconds', options.idleTimeoutMilliseconds ?? defaults.idleTimeout, 0, longest),
  };
}

function named<T>(
  names: readonly string[] | undefined,
  find: (name: string) => T | undefined,
  kind: string,
): readonly T[] | undefined {
  return names?.map((name) => {
    const found = find(name);
    if (found === undefined) throw invalid(`there is no ${kind} ${JSON.stringify(name)}`);
    return found;
  });
}

function invalid(message: string): DtlsError {
  return new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', message);
}
