/**
 * What carries the agent's SIP to the gateway and back, one message a datagram. Two adapters: UDP, and a DTLS association.
 * Everything goes to the gateway, the agent's outbound proxy (RFC 3261 8.1.2).
 */
export interface DatagramCarrier {
  /** The transport in Via. */
  readonly protocol: 'UDP' | 'DTLS-UDP';
  /** What Contact says of it: nothing for UDP. */
  readonly transportParameter?: string;
  /** The address and port in Via and Contact; known once it is open. */
  readonly sentBy: string;
  /** @throws SipError OSGATE_SIP_BIND_FAILED; for DTLS what {@link GatewayAssociation.open} throws */
  open(handlers: CarrierHandlers): Promise<void>;
  send(message: Buffer): void;
  close(): Promise<void>;
}

export interface CarrierHandlers {
  readonly onMessage: (datagram: Buffer) => void;
  /** What the gateway knew of the way to the agent is gone: there is a new association. */
  readonly onNewWay: () => void;
}
