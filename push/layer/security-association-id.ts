import { PushError } from '../errors.ts';

/** The name of a NAF SA (TS 24.109 4A.1): in the agent `RAND@naf`, in the gateway the P-TID. */
export type SecurityAssociationId =
  | {
      readonly direction: 'downlink';
      /** 16 octets. */
      readonly rand: Buffer;
      /** The FQDN of the gateway, 1 to 253 octets. */
      readonly naf: string;
    }
  | {
      readonly direction: 'uplink';
      /** 1 to 255 octets in UTF-8. */
      readonly ptid: string;
    };

/**
 * A name as text, for maps and logs: base64 of RAND, `@` and the FQDN, by analogy with the B-TID; or the P-TID. What `naf`
 * stands for in `RAND@naf` is unconfirmed.
 */
export function formatSecurityAssociationId(id: SecurityAssociationId): string {
  return id.direction === 'downlink' ? `${id.rand.toString('base64')}@${id.naf}` : id.ptid;
}

/** @throws PushError OSGATE_PUSH_INVALID_ARGUMENT for a name that messages cannot carry */
export function requireSecurityAssociationId(id: SecurityAssociationId): void {
  const name = id.direction === 'downlink' ? Buffer.from(id.naf, 'latin1') : Buffer.from(id.ptid, 'utf8');
  const whole = id.direction === 'downlink' ? id.rand.length === 16 && name.toString('latin1') === id.naf : true;
  if (!whole || name.length < 1 || name.length > 255) {
    throw new PushError('OSGATE_PUSH_INVALID_ARGUMENT', 'the name of a NAF SA is 16 octets at an FQDN, or a P-TID');
  }
}
