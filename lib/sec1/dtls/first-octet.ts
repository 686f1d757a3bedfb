/** What a datagram is, as its first octet tells (RFC 7983 7, RFC 9147 4.1). */
export type DatagramKind = 'stun' | 'dtls' | 'other';

const LAST_STUN_OCTET = 3;
const FIRST_DTLS_OCTET = 20;
const LAST_DTLS_OCTET = 63;

/** SIP begins with a letter or a line break and is `other`; so is the empty datagram. */
export function datagramKind(datagram: Buffer): DatagramKind {
  const first = datagram[0];
  if (first === undefined) return 'other';
  if (first <= LAST_STUN_OCTET) return 'stun';
  // CR and LF, of keepalives, lie below.
  return first >= FIRST_DTLS_OCTET && first <= LAST_DTLS_OCTET ? 'dtls' : 'other';
}
