import { ByteReader } from './byte-reader.ts';
import { beginMessage, endMessage } from './handshake-message.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

/** RFC 5077 3.3. An empty ticket says that the server has none after all. */
export interface NewSessionTicket {
  /** Seconds; 0 when the server does not say. */
  readonly lifetime: number;
  readonly ticket: Buffer;
}

export function readNewSessionTicket(body: Buffer): NewSessionTicket | undefined {
  const reader = new ByteReader(body);
  const lifetime = reader.uint32();
  const ticket = reader.vector16();
  return reader.complete ? { lifetime, ticket } : undefined;
}

export function writeNewSessionTicket({ lifetime, ticket }: NewSessionTicket, sequence: number): Buffer {
  return endMessage(beginMessage().uint32(lifetime).vector16(ticket), HANDSHAKE_TYPE.newSessionTicket, sequence);
}
