import { timingSafeEqual } from 'node:crypto';

import {
  addressOctets,
  DTLS_VIA_TRANSPORT,
  formatAddress,
  Hmac,
  type Peer,
  type TransportProtocol,
} from '../../sip/index.ts';

/** What a flow token says (RFC 5626 5.2). */
export interface FlowTokenContent {
  readonly protocol: TransportProtocol;
  /** The place of the listener in the configuration, 0 to 255. */
  readonly listener: number;
  /** Of an association its number alone: the address may be another one by the time that the token comes back. */
  readonly peer: Peer;
  /** See `AgentFlow.serial`. */
  readonly serial: number;
  /** See `AgentFlow.required`. */
  readonly required: boolean;
}

export type FlowTokenReading =
  | { readonly outcome: 'token'; readonly worker: number; readonly content: FlowTokenContent }
  /** It has the form of a token, but is not one that was made with this key. */
  | { readonly outcome: 'forged' }
  /** A user part that means something else. */
  | { readonly outcome: 'none' };

/** Octets of HMAC-SHA-256 kept: as many as in the dialog token. */
const MAC_OCTETS = 12;

/** Flags, worker, listener, serial, port; the address follows. */
const FIXED_OCTETS = 9;

const TCP = 1;
const IPV6 = 2;
const REQUIRED = 4;
/** The number of the association stands in place of an IPv4 address. */
const DTLS = 8;

/**
 * The user part of our Path and Record-Route values: the flow that an agent opened, protected by an HMAC (RFC 5626 5.2, 9). It
 * is 34 characters long for IPv4, 50 for IPv6. Which worker process has the flow stands in the token, so that any of them
 * can tell.
 */
export class FlowTokens {
  readonly #hmac: Hmac;
  readonly #worker: number;

  /**
   * @param secret at least 32 random octets, the same for every process that shares a listener
   * @param worker the number of this process, 0 to 255
   */
  constructor(secret: Buffer, worker = 0) {
    this.#hmac = new Hmac(secret);
    this.#worker = worker;
  }

  issue(content: FlowTokenContent): string {
    const { address, port, association } = content.peer;
    const octets = association === undefined ? addressOctets(address) : associationOctets(association);
    const body = Buffer.alloc(FIXED_OCTETS + octets.length);
    body[0] = protocolFlag(content.protocol) | (octets.length === 16 ? IPV6 : 0) | (content.required ? REQUIRED : 0);
    body[1] = this.#worker;
    body[2] = content.listener;
    body.writeUInt32BE(content.serial, 3);
    body.writeUInt16BE(association === undefined ? port : 0, 7);
    octets.copy(body, FIXED_OCTETS);
    return Buffer.concat([body, this.#mac(body)]).toString('base64url');
  }

  read(user: string | undefined): FlowTokenReading {
    if (user === undefined) return { outcome: 'none' };
    const bytes = Buffer.from(user, 'base64url');
    const flags = bytes[0] ?? 0;
    const six = (flags & IPV6) !== 0;
    const length = FIXED_OCTETS + (six ? 16 : 4);
    if (bytes.length !== length + MAC_OCTETS || bytes.toString('base64url') !== user) return { outcome: 'none' };
    const body = bytes.subarray(0, length);
    if (!timingSafeEqual(bytes.subarray(length), this.#mac(body))) return { outcome: 'forged' };
    return {
      outcome: 'token',
      worker: body[1] ?? 0,
      content: {
        protocol: (flags & DTLS) !== 0 ? DTLS_VIA_TRANSPORT : (flags & TCP) === 0 ? 'UDP' : 'TCP',
        listener: body[2] ?? 0,
        serial: body.readUInt32BE(3),
        peer: {
          address: formatAddress(body.subarray(FIXED_OCTETS)),
          port: body.readUInt16BE(7),
          ...((flags & DTLS) === 0 ? {} : { association: body.readUInt32BE(FIXED_OCTETS) }),
        },
        required: (flags & REQUIRED) !== 0,
      },
    };
  }

  #mac(body: Buffer): Buffer {
    const mac = Buffer.allocUnsafe(MAC_OCTETS);
    this.#hmac.write(body, '', mac, 0, MAC_OCTETS);
    return mac;
  }
}

function protocolFlag(protocol: TransportProtocol): number {
  switch (protocol) {
    case 'UDP':
      return 0;
    case 'TCP':
      return TCP;
    case DTLS_VIA_TRANSPORT:
      return DTLS;
  }
}

function associationOctets(association: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(association);
  return octets;
}
