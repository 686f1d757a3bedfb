import { readFile } from 'node:fs/promises';

import { OsgateError } from '../../errors.ts';
import type { AssociationPsk, PskCredentials } from './association-psk.ts';

/** A pre-shared key that an operator handed out, for an agent that never bootstraps. */
export class StaticAgentPsk implements AssociationPsk {
  readonly runs = 0;
  readonly #credentials: PskCredentials;

  private constructor(credentials: PskCredentials) {
    this.#credentials = credentials;
  }

  /**
   * @param path a file with one line `identity:key in hexadecimal`, as the gateway's file has it
   * @throws OsgateError OSGATE_CONFIG_INVALID, never with what is in the file
   */
  static async read(path: string): Promise<StaticAgentPsk> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      throw new OsgateError('OSGATE_CONFIG_INVALID', `agent.dtls.pskFile: cannot read ${path}`, { cause: error });
    }
    const [, identity, digits] = /^(.+):((?:[0-9A-Fa-f]{2}){16,64})\s*$/.exec(text) ?? [];
    if (identity === undefined || digits === undefined) {
      throw new OsgateError(
        'OSGATE_CONFIG_INVALID',
        `agent.dtls.pskFile: ${path} is not one line identity:key with 16 to 64 octets in hexadecimal`,
      );
    }
    return new StaticAgentPsk({ identity, key: Buffer.from(digits, 'hex') });
  }

  async lookUp(): Promise<PskCredentials> {
    return this.#credentials;
  }
}
