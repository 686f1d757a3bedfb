/** Extension code points (spec part B1; RFC 6066, 8422, 8446, 7366, 7627, 8449, 5077, 9146, 9853, 5746). */
export const EXTENSION_TYPE = {
  serverName: 0,
  maximumFragmentLength: 1,
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  encryptThenMac: 22,
  extendedMasterSecret: 23,
  recordSizeLimit: 28,
  sessionTicket: 35,
  connectionId: 54,
  /** Known from one table of code points only. */
  returnRoutability: 61,
  renegotiationInfo: 0xff01,
} as const;

/** Suites that are signals and no suites (RFC 5746 3.3, RFC 7507). */
export const RENEGOTIATION_SIGNAL = 0x00ff;
export const FALLBACK_SIGNAL = 0x5600;
