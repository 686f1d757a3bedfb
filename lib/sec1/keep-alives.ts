import { readStun, type Flow } from '../../sip/index.ts';

const PONG = Buffer.from('\r\n');
const CR = 0x0d;
const LF = 0x0a;

/** The highest first octet of a STUN message (RFC 7983 7); SIP begins with a letter. */
const LAST_STUN_OCTET = 3;

/** Answers keepalives on the SIP port of UDP (RFC 5626 3.5): STUN Binding requests, and CRLFCRLF. */
export class DatagramKeepAlives {
  readonly counters = { stun: 0, malformedStun: 0, crlf: 0 };

  /** True when the datagram was a keepalive, and is done with. */
  take(datagram: Buffer, flow: Flow): boolean {
    const first = datagram[0];
    if (first === CR) return this.#takePing(datagram, flow);
    if (first === undefined || first > LAST_STUN_OCTET || datagram.length < 8) return false;
    const reading = readStun(datagram, flow.peer);
    if (reading.outcome === 'malformed') this.counters.malformedStun++;
    else this.counters.stun++;
    if (reading.outcome === 'request') flow.transport.send(reading.response, flow.peer);
    return true;
  }

  /** RFC 5626 has the double line break for streams only, but many agents send it over UDP. */
  #takePing(datagram: Buffer, flow: Flow): boolean {
    if (datagram.length !== 4 || datagram[1] !== LF || datagram[2] !== CR || datagram[3] !== LF) return false;
    this.counters.crlf++;
    flow.transport.send(PONG, flow.peer);
    return true;
  }
}
