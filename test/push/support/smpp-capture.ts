import { Capture } from '../../support/capture.ts';
import { runProgram } from '../../support/run-program.ts';

/** Longer than any test: a capture that nobody stops ends by itself. */
const LONGEST_SECONDS = 60;

/** WSP is looked for behind the ports of the user data header only when asked. */
const OPTIONS = ['-o', 'gsm_sms_ud.port_number_udh_means_wsp:TRUE'];

/** The connection to an SMSC, captured on loopback and dissected by the real tshark. */
export class SmppCapture {
  readonly #capture: Capture;
  readonly #file: string;
  readonly #port: number;

  private constructor(capture: Capture, file: string, port: number) {
    this.#capture = capture;
    this.#file = file;
    this.#port = port;
  }

  /** Resolves when packets are really captured. */
  static async start(file: string, port: number): Promise<SmppCapture> {
    const capture = await Capture.start(file, `tcp port ${port}`, LONGEST_SECONDS);
    return new SmppCapture(capture, file, port);
  }

  stop(): Promise<void> {
    return this.#capture.stop();
  }

  kill(): void {
    this.#capture.kill();
  }

  /** One row a packet that fits the display filter: the values of those fields, several of one joined by commas. */
  async fields(filter: string, names: readonly string[]): Promise<string[][]> {
    const columns = names.flatMap((name) => ['-e', name]);
    const decode = ['-d', `tcp.port==${this.#port},smpp`, ...OPTIONS];
    const args = ['-r', this.#file, ...decode, '-Y', filter, '-T', 'fields', ...columns];
    const { code, output, errors } = await runProgram('tshark', args);
    if (code !== 0) throw new Error(`tshark: ${errors}`);
    return output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }
}
