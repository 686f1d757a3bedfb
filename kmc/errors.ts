/** Every code that a {@link KmcError} can carry, with what it means; docs/errors.md is made from it. */
export const KMC_ERROR_CODES = {
  OSGATE_KMC_INVALID_ARGUMENT: 'A caller passed a value of the wrong form: a key of the wrong length, a bad NAF_Id.',
  OSGATE_KMC_IDENTITY_UNKNOWN: 'The key centre knows no subscriber with that identity (Diameter 5401).',
  OSGATE_KMC_NOT_AUTHORISED: 'The key centre does not let this NAF use that FQDN or service (Diameter 5402).',
  OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID:
    'The B-TID is unknown or expired; the agent must bootstrap again (Diameter 5403).',
  OSGATE_KMC_UNAVAILABLE: 'The key centre did not answer, or answered what cannot be understood.',
  OSGATE_KMC_OVERLOADED: 'The key centre was asked more than its limits allow; try again later.',
  OSGATE_KMC_SYNCHRONISATION_FAILURE: 'AUTS did not verify, or the SQN of a vector was refused.',
  OSGATE_KMC_SUBSCRIBER_EXISTS: 'A subscriber with that IMPI is already in the database.',
  OSGATE_KMC_SUBSCRIBER_INVALID: 'A subscriber record (command line or CSV) does not have the right form.',
  OSGATE_KMC_DATABASE: 'The subscriber database cannot be opened, or was written with another secret key or version.',
  OSGATE_KMC_SECRET_KEY: 'The key that seals secrets at rest is missing or has the wrong form.',
} as const;

export type KmcErrorCode = keyof typeof KMC_ERROR_CODES;

/** What the key centre throws. */
export class KmcError extends Error {
  override readonly name = 'KmcError';
  readonly code: KmcErrorCode;

  constructor(code: KmcErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
