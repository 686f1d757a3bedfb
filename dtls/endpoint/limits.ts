/** Every bound of an endpoint. At a bound the new is refused and counted; what is there goes on. */
export interface DtlsLimits {
  /** Established associations. */
  readonly associations: number;
  /** Handshakes whose peer has proven its address but not yet finished. */
  readonly halfOpen: number;
  /** Of those, how many may come from one address. */
  readonly halfOpenPerAddress: number;
  /** Octets that all handshakes together may keep: messages that wait for their fragments, flights that may be sent again. */
  readonly halfOpenBytes: number;
  /** Octets of one handshake message, certificate chains above all. */
  readonly handshakeMessageBytes: number;
  /** Octets that the messages of one handshake may have together. */
  readonly handshakeBytes: number;
  /** Octets of a ClientHello that is looked at before its sender has proven its address. */
  readonly clientHelloBytes: number;
  /** HelloVerifyRequests a second, to everybody together. */
  readonly helloVerifyRequestsPerSecond: number;
  /** 'failure' events a second; those beyond are only counted. */
  readonly failureEventsPerSecond: number;
  /** PSK look-ups that may be under way at once. */
  readonly pskLookUps: number;
}

export const DEFAULT_LIMITS: DtlsLimits = {
  associations: 100_000,
  halfOpen: 10_000,
  halfOpenPerAddress: 256,
  halfOpenBytes: 64 * 1024 * 1024,
  handshakeMessageBytes: 32 * 1024,
  handshakeBytes: 64 * 1024,
  clientHelloBytes: 4096,
  helloVerifyRequestsPerSecond: 50_000,
  failureEventsPerSecond: 100,
  pskLookUps: 10_000,
};
