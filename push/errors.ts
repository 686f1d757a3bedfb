/** Every code that a {@link PushError} can carry, with what it means; docs/errors.md is made from it. */
export const PUSH_ERROR_CODES = {
  OSGATE_PUSH_INVALID_ARGUMENT:
    'A caller passed a value of the wrong form: a key of the wrong length, a P-TID too long.',
  OSGATE_PUSH_QUEUE: 'The queue of pushes cannot be used: the disk is full, or the file is no queue of this version.',
  OSGATE_PUSH_SEQUENCE_EXHAUSTED: 'A NAF SA has numbered all the messages that it may; a new push makes a new one.',
} as const;

export type PushErrorCode = keyof typeof PUSH_ERROR_CODES;

/** What GBA Push throws. */
export class PushError extends Error {
  override readonly name = 'PushError';
  readonly code: PushErrorCode;

  constructor(code: PushErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
