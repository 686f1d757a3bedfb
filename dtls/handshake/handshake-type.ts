/** Handshake message types of DTLS 1.2 (RFC 6347 4.3.2, RFC 5077 3.3). */
export const HANDSHAKE_TYPE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  newSessionTicket: 4,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** Octets of a handshake message's header (RFC 6347 4.2.2). */
export const HANDSHAKE_HEADER_OCTETS = 12;
