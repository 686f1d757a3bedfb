import { readStun, type Peer } from '../../../sip/index.ts';

const PONG = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const CR = 0x0d;

/** The highest first octet of a STUN message (RFC 7983 7); SIP begins with a letter. */
const LAST_STUN_OCTET = 3;

/** Answers the keepalives of local SIP clients: STUN Binding requests and CRLFCRLF (RFC 5626 3.5). */
export class LocalKeepAlives {
  /** The answer, empty where none is due, or undefined for a datagram that is no keepalive. */
  take(datagram: Buffer, source: Peer): Buffer | undefined {
    const first = datagram[0];
    if (first === undefined) return NOTHING;
    if (first === CR) {
      const text = datagram.length <= 4 ? datagram.toString('latin1') : '';
      if (text === '\r\n\r\n') return PONG;
      return text === '\r\n' ? NOTHING : undefined;
    }
    if (first > LAST_STUN_OCTET) return undefined;
    const reading = readStun(datagram, source);
    return reading.outcome === 'request' ? reading.response : NOTHING;
  }
}
