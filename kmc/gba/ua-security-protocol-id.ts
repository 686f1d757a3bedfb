import { KmcError } from '../errors.ts';

/** Who assigned a Ua security protocol identifier (TS 33.220 H.2). */
export type UaOrganisation = 'default' | '3GPP' | '3GPP2' | 'OMA' | 'GSMA' | 'private' | 'unassigned';

/**
 * A Ua security protocol identifier (TS 33.220 Annex H): one octet of organisation and four of protocol.
 *
 * It is part of NAF_Id, so each protocol has keys of its own.
 */
export class UaSecurityProtocolId {
  /** 3GPP: HTTP digest as in TS 24.109, where no other identifier applies. */
  static readonly HTTP_DIGEST = new UaSecurityProtocolId(0x01, 0x00000002);
  /** 3GPP: TLS 1.3 with a pre-shared key (TS 33.222 5.4.0.2). */
  static readonly PSK_TLS_13 = new UaSecurityProtocolId(0x01, 0x00000007);
  /** 3GPP: making of a TMPI; no Ua protocol. */
  static readonly TMPI = new UaSecurityProtocolId(0x01, 0x00000100);
  /** OMA: SUPL 2.0 ULP. */
  static readonly SUPL = new UaSecurityProtocolId(0x03, 0x00000001);
  /** OMA: LOCSIP 1.0. */
  static readonly LOCSIP = new UaSecurityProtocolId(0x03, 0x00000002);
  /** OMA: SIP digest of SEC_CF 1.1. */
  static readonly SIP_DIGEST = new UaSecurityProtocolId(0x03, 0x00000003);

  /** First octet. */
  readonly organisationCode: number;
  /** Last four octets, big endian. */
  readonly protocolCode: number;

  /** Throws OSGATE_KMC_INVALID_ARGUMENT when the parts do not fit, or for organisation 00 with another protocol than 0. */
  constructor(organisationCode: number, protocolCode: number) {
    if (!fits(organisationCode, 0xff) || !fits(protocolCode, 0xffffffff)) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'a Ua security protocol identifier has 1 and 4 octets');
    }
    if (organisationCode === 0 && protocolCode !== 0) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'organisation 00 has the protocol 00000000 only');
    }
    this.organisationCode = organisationCode;
    this.protocolCode = protocolCode;
  }

  /** From 10 hexadecimal digits (`0300000003`; blanks allowed). Throws OSGATE_KMC_INVALID_ARGUMENT for anything else. */
  static parse(text: string): UaSecurityProtocolId {
    const identifier = UaSecurityProtocolId.tryParse(text);
    if (identifier === undefined) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'a Ua security protocol identifier is 10 hexadecimal digits');
    }
    return identifier;
  }

  /** As {@link UaSecurityProtocolId.parse}, but gives undefined for what is not an identifier. */
  static tryParse(text: string): UaSecurityProtocolId | undefined {
    const digits = text.replaceAll(' ', '');
    return /^[0-9a-fA-F]{10}$/.test(digits) ? UaSecurityProtocolId.fromBytes(Buffer.from(digits, 'hex')) : undefined;
  }

  /** From 5 octets; undefined for what is not an identifier. */
  static fromBytes(octets: Uint8Array): UaSecurityProtocolId | undefined {
    if (octets.length !== 5) return undefined;
    const buffer = Buffer.from(octets);
    const organisationCode = buffer.readUInt8(0);
    const protocolCode = buffer.readUInt32BE(1);
    if (organisationCode === 0 && protocolCode !== 0) return undefined;
    return new UaSecurityProtocolId(organisationCode, protocolCode);
  }

  /**
   * The identifier for TLS with this IANA cipher suite: 01 00 01 yy zz (TS 33.220 H.3), or 03 00 01 YY ZZ for OMA.
   * Throws OSGATE_KMC_INVALID_ARGUMENT unless the suite has 2 octets.
   */
  static forTls(organisation: '3GPP' | 'OMA', cipherSuite: number): UaSecurityProtocolId {
    if (!fits(cipherSuite, 0xffff)) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'a TLS cipher suite has 2 octets');
    }
    return new UaSecurityProtocolId(organisation === '3GPP' ? 0x01 : 0x03, TLS_PREFIX + cipherSuite);
  }

  get organisation(): UaOrganisation {
    return ORGANISATIONS.get(this.organisationCode) ?? 'unassigned';
  }

  /** The TLS cipher suite in it (01 00 01, 01 00 02 and 03 00 01), or undefined. */
  get cipherSuite(): number | undefined {
    const prefix = this.protocolCode - (this.protocolCode & 0xffff);
    const tls = prefix === TLS_PREFIX && (this.organisationCode === 0x01 || this.organisationCode === 0x03);
    return tls || (prefix === BROWSER_PREFIX && this.organisationCode === 0x01)
      ? this.protocolCode & 0xffff
      : undefined;
  }

  /** What the identifier is for, in words; the hexadecimal digits where the registry does not say. */
  get name(): string {
    const name = NAMES.get(this.hex);
    if (name !== undefined) return name;
    if (this.cipherSuite === undefined) return this.hex;
    const use = this.organisationCode === 0x03 ? 'OMA TLS' : this.protocolCode < BROWSER_PREFIX ? 'TLS' : 'browser GBA';
    return `${use}, cipher suite ${this.hex.slice(6)}`;
  }

  /** 10 lower-case hexadecimal digits. */
  get hex(): string {
    return this.bytes.toString('hex');
  }

  /** A new Buffer with the 5 octets. */
  get bytes(): Buffer {
    const octets = Buffer.alloc(5);
    octets.writeUInt8(this.organisationCode, 0);
    octets.writeUInt32BE(this.protocolCode, 1);
    return octets;
  }

  equals(other: UaSecurityProtocolId): boolean {
    return this.organisationCode === other.organisationCode && this.protocolCode === other.protocolCode;
  }

  toString(): string {
    return this.hex;
  }
}

const TLS_PREFIX = 0x00010000;
const BROWSER_PREFIX = 0x00020000;

const ORGANISATIONS: ReadonlyMap<number, UaOrganisation> = new Map([
  [0x00, 'default'],
  [0x01, '3GPP'],
  [0x02, '3GPP2'],
  [0x03, 'OMA'],
  [0x04, 'GSMA'],
  [0xff, 'private'],
]);

/** TS 33.220 H.3 and the OMNA registry. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['0000000000', 'default, without key separation'],
  ['0100000000', 'subscriber certificates (TS 33.221)'],
  ['0100000001', 'MBMS (TS 33.246)'],
  ['0100000002', 'HTTP digest (TS 24.109)'],
  ['0100000003', 'HTTP-based MBMS user service security (TS 26.237)'],
  ['0100000004', 'SIP-based MBMS user service security (TS 26.237)'],
  ['0100000005', 'Generic Push Layer (TS 33.224)'],
  ['0100000006', 'IMS UE to KMS over HTTP (TS 33.328)'],
  ['0100000007', 'TLS 1.3 with a pre-shared key (TS 33.222)'],
  ['0100000100', 'TMPI generation (TS 33.220 B.4)'],
  ['0300000001', 'SUPL 2.0 ULP'],
  ['0300000002', 'LOCSIP 1.0'],
  ['0300000003', 'SIP digest (SEC_CF 1.1)'],
]);

function fits(value: number, maximum: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= maximum;
}
