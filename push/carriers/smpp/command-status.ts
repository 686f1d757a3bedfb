/** What the answer of an SMSC to a submit_sm means for a push. */
export interface StatusMeaning {
  /** Whether the SMSC may take it later. */
  readonly temporary: boolean;
  /** Whether the SMSC has too much to do: nothing more is sent to it for a while. */
  readonly throttling: boolean;
  /** A word for status and logs, such as `smpp-RINVDSTADR`. */
  readonly reason: string;
}

/** Names of command_status (SMPP 3.4 5.1.3) that say that the SMSC or the device may have more luck later. */
const TEMPORARY: ReadonlyMap<number, string> = new Map([
  [0x04, 'RINVBNDSTS'],
  [0x08, 'RSYSERR'],
  [0x0d, 'RBINDFAIL'],
  [0x14, 'RMSGQFUL'],
  [0x45, 'RSUBMITFAIL'],
  [0x58, 'RTHROTTLED'],
  [0x64, 'RX_T_APPN'],
  [0xfe, 'RDELIVERYFAILURE'],
  [0xff, 'RUNKNOWNERR'],
]);

const THROTTLING: ReadonlySet<number> = new Set([0x14, 0x58]);

/** Names of those that say that it will be refused again. */
const PERMANENT: ReadonlyMap<number, string> = new Map([
  [0x01, 'RINVMSGLEN'],
  [0x02, 'RINVCMDLEN'],
  [0x03, 'RINVCMDID'],
  [0x05, 'RALYBND'],
  [0x06, 'RINVPRTFLG'],
  [0x07, 'RINVREGDLVFLG'],
  [0x0a, 'RINVSRCADR'],
  [0x0b, 'RINVDSTADR'],
  [0x0c, 'RINVMSGID'],
  [0x0e, 'RINVPASWD'],
  [0x0f, 'RINVSYSID'],
  [0x15, 'RINVSERTYP'],
  [0x43, 'RINVESMCLASS'],
  [0x48, 'RINVSRCTON'],
  [0x49, 'RINVSRCNPI'],
  [0x50, 'RINVDSTTON'],
  [0x51, 'RINVDSTNPI'],
  [0x53, 'RINVSYSTYP'],
  [0x54, 'RINVREPFLAG'],
  [0x61, 'RINVSCHED'],
  [0x62, 'RINVEXPIRY'],
  [0x65, 'RX_P_APPN'],
  [0x66, 'RX_R_APPN'],
  [0xc0, 'RINVOPTPARSTREAM'],
  [0xc1, 'ROPTPARNOTALLWD'],
  [0xc2, 'RINVPARLEN'],
  [0xc3, 'RMISSINGOPTPARAM'],
  [0xc4, 'RINVOPTPARAMVAL'],
]);

/** @param status command_status of a response, not 0; one that is not known (an SMSC's own) is taken for temporary */
export function statusMeaning(status: number): StatusMeaning {
  const permanent = PERMANENT.get(status);
  const name = permanent ?? TEMPORARY.get(status) ?? `0x${status.toString(16).padStart(8, '0')}`;
  return { temporary: permanent === undefined, throttling: THROTTLING.has(status), reason: `smpp-${name}` };
}

/** command_status values that we send. */
export const ESME_ROK = 0x00;
export const ESME_RINVCMDID = 0x03;
export const ESME_RINVBNDSTS = 0x04;
/** Some field of what came cannot be read. */
export const ESME_RINVPARLEN = 0xc2;
/** The SMSC may try again later. */
export const ESME_RX_T_APPN = 0x64;
