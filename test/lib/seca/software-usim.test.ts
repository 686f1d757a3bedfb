import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { generateVector, Milenage, verifyAuts } from '../../../kmc/aka/index.ts';
import { OsgateError } from '../../../lib/errors.ts';
import { SoftwareUsim } from '../../../lib/seca/index.ts';

// Milenage test set 1.
const k = Buffer.from('465b5ce8b199b49faa5f0a2ee238a6bc', 'hex');
const op = Buffer.from('cdc202d5123e20f62b6d676ac72cb318', 'hex');
const opc = Buffer.from('cd63cb71954a9f4e48a5994e37a02baf', 'hex');
const rand = Buffer.from('23553cbe9637a89d218ae64dae47bf35', 'hex');
const milenage = new Milenage(k, opc);

const challenge = (sqn: bigint): { rand: Buffer; autn: Buffer } =>
  generateVector(milenage, { rand, sqn, amf: Buffer.alloc(2) });

describe('software USIM', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-usim-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('answers the home network with RES, CK and IK of test set 1', async () => {
    const answer = await new SoftwareUsim({ k, op }).authenticate(rand, challenge(32n).autn);
    expect(answer.outcome === 'authenticated' && answer.res.toString('hex')).to.equal('a54211d5e3ba50bf');
    expect(answer.outcome === 'authenticated' && answer.ck.toString('hex')).to.equal(
      'b40ba9a3c58b2a05bbf0d987b21bf8cb',
    );
    expect(answer.outcome === 'authenticated' && answer.ik.toString('hex')).to.equal(
      'f769bcd751044604127672711c6d3441',
    );
  });

  it('refuses an SQN that it has seen with an AUTS that the network can read', async () => {
    const usim = new SoftwareUsim({ k, opc });
    await usim.authenticate(rand, challenge(96n).autn);
    const answer = await usim.authenticate(rand, challenge(96n).autn);
    expect(answer.outcome === 'synchronisation-failure' && verifyAuts(milenage, rand, answer.auts)).to.equal(96n);
  });

  it('stops at a wrong MAC, and gives nothing away', async () => {
    const { autn } = challenge(32n);
    autn.writeUInt8(autn.readUInt8(15) ^ 1, 15);
    const answer = await new SoftwareUsim({ k, opc }).authenticate(rand, autn);
    expect(Object.keys(answer)).to.deep.equal(['outcome', 'reason']);
    expect(answer.outcome).to.equal('mac-failure');
  });

  it('lets two processes that have the file open accept no SQN twice', async () => {
    const sqnFile = join(folder, 'shared.sqn');
    const [one, other] = [new SoftwareUsim({ k, opc, sqnFile }), new SoftwareUsim({ k, opc, sqnFile })];
    expect((await one.authenticate(rand, challenge(64n).autn)).outcome).to.equal('authenticated');
    expect((await other.authenticate(rand, challenge(96n).autn)).outcome).to.equal('authenticated');
    expect((await one.authenticate(rand, challenge(96n).autn)).outcome).to.equal('synchronisation-failure');
  });

  it('remembers SQNs in a file that only its owner can read, before it answers', async () => {
    const sqnFile = join(folder, 'card.sqn');
    await new SoftwareUsim({ k, opc, sqnFile }).authenticate(rand, challenge(64n).autn);
    expect((await readFile(sqnFile, 'utf8')).trim()).to.equal('000000000040');
    expect((await stat(sqnFile)).mode & 0o077).to.equal(0);
    const answer = await new SoftwareUsim({ k, opc, sqnFile }).authenticate(rand, challenge(64n).autn);
    expect(answer.outcome).to.equal('synchronisation-failure');
  });

  it('refuses an SQN file that is none, rather than forget what it has seen', async () => {
    const sqnFile = join(folder, 'bad.sqn');
    await writeFile(sqnFile, 'hello\n');
    const error: unknown = await new SoftwareUsim({ k, opc, sqnFile })
      .authenticate(rand, challenge(64n).autn)
      .catch((reason: unknown) => reason);
    expect(error instanceof OsgateError && error.code).to.equal('OSGATE_UICC');
  });
});
