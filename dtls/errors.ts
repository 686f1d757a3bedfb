/** Every code that a {@link DtlsError} can carry, with what it means; docs/errors.md is made from it. */
export const DTLS_ERROR_CODES = {
  OSGATE_DTLS_INVALID_ARGUMENT: 'A caller passed a value that no association, credential or record can have.',
  OSGATE_DTLS_INVALID_CREDENTIALS: 'A certificate, private key or authority could not be read, or they do not fit.',
  OSGATE_DTLS_BIND_FAILED: 'The local address of a DTLS endpoint could not be bound.',
  OSGATE_DTLS_HANDSHAKE_FAILED: 'A handshake ended without an association; the message names the alert or the reason.',
  OSGATE_DTLS_HANDSHAKE_TIMEOUT: 'The peer did not answer in time, or not to the end.',
  OSGATE_DTLS_CLOSED: 'The association or endpoint was closed before the call.',
  OSGATE_DTLS_OVERLOADED: 'There are as many associations as the limits allow; the new one was not begun.',
  OSGATE_DTLS_ABORTED: 'The AbortSignal of the caller fired.',
  OSGATE_DTLS_IMPORT_FAILED: 'Exported associations could not be opened: another key, another version, or damage.',
} as const;

export type DtlsErrorCode = keyof typeof DTLS_ERROR_CODES;

/** What the DTLS library throws for a caller's mistake. A peer's mistakes are verdicts, never exceptions. */
export class DtlsError extends Error {
  override readonly name = 'DtlsError';
  readonly code: DtlsErrorCode;

  constructor(code: DtlsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The descriptions of alerts (RFC 5246 7.2, RFC 4279 6, RFC 7507 4), by their names without the underscores. */
export const ALERT = {
  closeNotify: 0,
  unexpectedMessage: 10,
  badRecordMac: 20,
  recordOverflow: 22,
  decompressionFailure: 30,
  handshakeFailure: 40,
  badCertificate: 42,
  unsupportedCertificate: 43,
  certificateRevoked: 44,
  certificateExpired: 45,
  certificateUnknown: 46,
  illegalParameter: 47,
  unknownCa: 48,
  accessDenied: 49,
  decodeError: 50,
  decryptError: 51,
  protocolVersion: 70,
  insufficientSecurity: 71,
  internalError: 80,
  inappropriateFallback: 86,
  userCanceled: 90,
  noRenegotiation: 100,
  unsupportedExtension: 110,
  unrecognizedName: 112,
  badCertificateStatusResponse: 113,
  unknownPskIdentity: 115,
  certificateRequired: 116,
} as const;

/** The levels of alerts (RFC 5246 7.2). */
export const ALERT_LEVEL = { warning: 1, fatal: 2 } as const;

/** The name of an alert that a peer sent, or its number when it is none that we know. */
export function alertName(description: number): string {
  return ALERT_NAMES.get(description) ?? String(description);
}

const ALERT_NAMES = new Map<number, string>(Object.entries(ALERT).map(([name, number]) => [number, name]));
