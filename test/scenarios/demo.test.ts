import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { Capture, sipFaults } from '../support/capture.ts';
import { runProgram } from '../support/run-program.ts';

const DEMO = fileURLToPath(new URL('../../scenarios/demo/main.ts', import.meta.url));

describe('npm run demo', () => {
  it('does all that it shows, and tshark finds nothing wrong with its SIP, nor with its DTLS and the SIP inside', async function () {
    this.timeout(240_000);
    const folder = await mkdtemp(join(tmpdir(), 'osgate-capture-'));
    const capture = await Capture.start(join(folder, 'demo.pcapng'));
    try {
      const keyLog = join(folder, 'demo.keys');
      const environment = { OSGATE_DEMO_PORTS: '1', OSGATE_DEMO_KEY_LOG: keyLog };
      const { code, output, errors } = await runProgram(process.execPath, [DEMO], { environment });
      expect(code, output + errors).to.equal(0);
      expect(output).to.contain('all of it happened').and.not.contain('NOT:');
      const line = output.split('\n').find((text) => text.startsWith('{"event":"ports"')) ?? '{}';
      const { sip = [], dtls = [] } = JSON.parse(line) as { sip?: number[]; dtls?: number[] };
      expect(sip.length).to.equal(3);
      const [dtlsPort = 0] = dtls;
      await capture.stop();
      await capture.keepOnly([...sip, ...dtls]);

      expect((await capture.dissect(sip, 'sip')).length, 'SIP messages dissected').to.be.greaterThan(20);
      expect(await capture.faults(sip)).to.deep.equal([]);

      for (const port of dtls) expect(await capture.dtlsFaults(port, keyLog), 'DTLS outside').to.deep.equal([]);
      const inside = await capture.decrypt(dtlsPort, keyLog);
      const isKeepAlive = (datagram: Buffer): boolean => /^(?:\r\n){1,2}$/.test(datagram.toString('latin1'));
      const messages = inside.filter((datagram) => !isKeepAlive(datagram));
      expect(messages.length, 'SIP messages inside').to.be.greaterThan(8);
      expect(inside.some(isKeepAlive), 'keepalives inside').to.equal(true);
      expect(await sipFaults(messages, join(folder, 'inside.pcapng'))).to.deep.equal([]);
      // The agent writes SIP/2.0/DTLS-UDP; nothing of the session goes in clear to or from the agent.
      const vias = messages.filter((message) => message.includes('Via: SIP/2.0/DTLS-UDP '));
      expect(vias.length, 'messages with Via of DTLS').to.be.greaterThan(8);
    } finally {
      capture.kill();
      await rm(folder, { recursive: true });
    }
  });
});
