/** Every code that an {@link OsgateError} can carry, with what it means; docs/errors.md is made from it. */
export const OSGATE_ERROR_CODES = {
  OSGATE_CONFIG_UNREADABLE: 'The configuration file cannot be read, or is not YAML.',
  OSGATE_CONFIG_INVALID: 'A key of the configuration is missing, unknown, or has a value of the wrong form.',
  OSGATE_STORE: 'A store cannot be opened, or a record in it cannot be understood.',
  OSGATE_AGENT_BOOTSTRAPPING: 'The agent could not bootstrap: the key centre refused it or proved to be false.',
  OSGATE_AGENT_NETWORK: 'The agent got no answer.',
  OSGATE_AGENT_NO_KEYS: 'No push has left keys that the agent may use, and it is to use no others.',
  OSGATE_AGENT_REFUSED: 'The gateway or the target refused the agent’s request.',
  OSGATE_PUSH_NETWORK: 'The gateway gave no answer to a request about a push.',
  OSGATE_PUSH_REFUSED: 'The gateway refused a request about a push.',
  OSGATE_WORKERS: 'Worker processes cannot be started, or one of them did not answer.',
  OSGATE_UICC: 'The UICC cannot be used, or refused the network (MAC failure).',
} as const;

export type OsgateErrorCode = keyof typeof OSGATE_ERROR_CODES;

/** What lib/ throws; kmc/ and sip/ have classes of their own. */
export class OsgateError extends Error {
  override readonly name = 'OsgateError';
  readonly code: OsgateErrorCode;

  constructor(code: OsgateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
