import { readFile } from 'node:fs/promises';

import { buildAuts, deriveOpc, formatSqn, Milenage, parseSqn, SqnArray, verifyAutn } from '../../kmc/aka/index.ts';
import { OsgateError } from '../errors.ts';
import { writePrivateFile } from '../store/index.ts';
import type { Uicc, UiccAnswer } from './uicc.ts';

export interface SoftwareUsimOptions {
  /** 16 octets. */
  readonly k: Buffer;
  /** 16 octets each; one of them. */
  readonly opc?: Buffer;
  readonly op?: Buffer;
  /** When given, the only AMF that is accepted from the network, 2 octets. */
  readonly amf?: Buffer;
  /** File that keeps the SQNs accepted; without it they end with the process. */
  readonly sqnFile?: string;
}

/** A USIM in software: Milenage and the SQN array of TS 33.102 Annex C.2. */
export class SoftwareUsim implements Uicc {
  readonly #algorithm: Milenage;
  readonly #amf: Buffer | undefined;
  readonly #sqnFile: string | undefined;
  #array: SqnArray | undefined;
  /** One after the other: the SQN must not be raced for. */
  #last: Promise<unknown> = Promise.resolve();

  /** @throws OsgateError OSGATE_UICC without OP or OPc; KmcError for keys of the wrong length */
  constructor(options: SoftwareUsimOptions) {
    const opc = options.opc ?? (options.op === undefined ? undefined : deriveOpc(options.k, options.op));
    if (opc === undefined) throw new OsgateError('OSGATE_UICC', 'a USIM needs OPc or OP');
    this.#algorithm = new Milenage(options.k, opc);
    this.#amf = options.amf;
    this.#sqnFile = options.sqnFile;
  }

  async authenticate(rand: Buffer, autn: Buffer): Promise<UiccAnswer> {
    const answer = this.#last.then(() => this.#authenticate(rand, autn));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #authenticate(rand: Buffer, autn: Buffer): Promise<UiccAnswer> {
    const verified = verifyAutn(this.#algorithm, rand, autn);
    if (verified === undefined) {
      return { outcome: 'mac-failure', reason: 'MAC failure: the challenge does not come from the home network' };
    }
    if (this.#amf !== undefined && !this.#amf.equals(verified.amf)) {
      return { outcome: 'mac-failure', reason: 'the challenge has another AMF than the one expected' };
    }
    // Another process of the same subscriber may have used the card in the meantime.
    const array = this.#sqnFile === undefined ? (this.#array ??= new SqnArray()) : await this.#load(this.#sqnFile);
    if (array.accept(verified.sqn) !== 'accepted') {
      return { outcome: 'synchronisation-failure', auts: buildAuts(this.#algorithm, rand, array.sqnMs) };
    }
    await this.#save(array);
    const { res, ck, ik } = this.#algorithm.f2345(rand);
    return { outcome: 'authenticated', res, ck, ik };
  }

  async #load(file: string): Promise<SqnArray> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new SqnArray();
      throw new OsgateError('OSGATE_UICC', `cannot read the SQN file ${file}`, { cause: error });
    }
    const lines = text.split('\n').filter((line) => line !== '');
    if (!lines.every((line) => /^[0-9a-f]{12}$/.test(line))) {
      throw new OsgateError('OSGATE_UICC', `${file} is not an SQN file: 12 hexadecimal digits a line`);
    }
    return new SqnArray({ accepted: lines.map((line) => parseSqn(Buffer.from(line, 'hex'))) });
  }

  async #save(array: SqnArray): Promise<void> {
    if (this.#sqnFile === undefined) return;
    const text = array.accepted().map((sqn) => `${formatSqn(sqn).toString('hex')}\n`);
    try {
      await writePrivateFile(this.#sqnFile, text.join(''));
    } catch (error) {
      throw new OsgateError('OSGATE_UICC', `cannot write the SQN file ${this.#sqnFile}`, { cause: error });
    }
  }
}
