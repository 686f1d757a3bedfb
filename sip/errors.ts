/** Every code that a {@link SipError} can carry, with what it means; docs/errors.md is made from it. */
export const SIP_ERROR_CODES = {
  OSGATE_SIP_INVALID_ARGUMENT:
    'A caller passed a value that no SIP message can carry (a header with a line break, say).',
  OSGATE_SIP_OVERLOADED: 'There are as many transactions as the limits allow; the new one was not begun.',
  OSGATE_SIP_BIND_FAILED: 'The local address of a SIP transport could not be bound.',
} as const;

export type SipErrorCode = keyof typeof SIP_ERROR_CODES;

/** What the SIP library throws for a caller's mistake. A peer's mistakes are verdicts, never exceptions. */
export class SipError extends Error {
  override readonly name = 'SipError';
  readonly code: SipErrorCode;

  constructor(code: SipErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
