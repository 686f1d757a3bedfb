import type { KeySchedule } from '../handshake/key-schedule.ts';

/** A line of SSLKEYLOGFILE for TLS 1.2 and DTLS 1.2. Whoever has it can read the association. */
export function keyLogLine(schedule: KeySchedule): string {
  return `CLIENT_RANDOM ${schedule.clientRandom.toString('hex')} ${schedule.masterSecret.toString('hex')}`;
}
