import { writeFileSync } from 'node:fs';

import { Capture } from '../../../support/capture.ts';
import { runProgram } from '../../../support/run-program.ts';

/** What tshark makes of a DTLS session with the key log of one end. */
export interface Decrypted {
  /** Application data, in order. */
  readonly data: readonly string[];
  /** Records whose connection id tshark has shown. */
  readonly withConnectionId: number;
  /** Whatever is malformed, or an error or a warning in the eyes of tshark's experts. */
  readonly faults: readonly string[];
  /** Every line of tshark, for error messages. */
  readonly summary: string;
}

/** Captures what goes over loopback while `session` runs, and has tshark decrypt it. */
export async function captureDecrypted(
  folder: string,
  session: (keyLog: (line: string) => void) => Promise<{ readonly port: number }>,
): Promise<Decrypted> {
  const [captured, keys] = [`${folder}/session.pcapng`, `${folder}/session.keys`];
  const keyLog: string[] = [];
  const capture = await Capture.start(captured);
  let port;
  try {
    ({ port } = await session((line) => keyLog.push(line)));
    await capture.stop();
  } catch (error) {
    capture.kill();
    throw error;
  }
  writeFileSync(keys, `${keyLog.map((line) => line.trimEnd()).join('\n')}\n`, { mode: 0o600 });
  const tshark = async (...args: string[]): Promise<string[]> => {
    const { code, output, errors } = await runProgram('tshark', [
      ...['-r', captured, '-o', `tls.keylog_file:${keys}`, '-d', `udp.port==${port},dtls`],
      ...args,
    ]);
    if (code !== 0) throw new Error(`tshark: ${errors}`);
    return output.split('\n').filter((line) => line !== '');
  };
  const ours = `udp.port == ${port}`;
  // Severity 0x00600000 is Warning, 0x00800000 Error.
  const wrong = `${ours} && (_ws.malformed || _ws.expert.severity >= 0x00600000 || !dtls)`;
  const data = await tshark('-Y', `${ours} && data`, '-T', 'fields', '-e', 'data.data');
  return {
    data: data.map((hex) => Buffer.from(hex, 'hex').toString('latin1')),
    withConnectionId: (await tshark('-Y', `${ours} && dtls.record.connection_id`)).length,
    faults: await tshark('-Y', wrong),
    summary: (await tshark('-Y', ours)).join('\n'),
  };
}
