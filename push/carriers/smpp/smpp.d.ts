/** The part of smpp that is used: its codec of PDUs. The package has no types of its own. */
declare module 'smpp' {
  export class PDU {
    /** Reads a PDU, or makes one of a command and its fields. Throws errors of many kinds for what it cannot read or write. */
    constructor(command: Buffer | string, fields?: Readonly<Record<string, unknown>>);
    readonly command: string;
    command_status: number;
    sequence_number: number;
    toBuffer(): Buffer;
    /** Converts character sets, times and user data headers, in place, after reading and before writing. */
    _filter(direction: 'encode' | 'decode'): void;
    [field: string]: unknown;
  }
}
