import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { KmcError } from '../../../kmc/errors.ts';
import { createSecretKeyFile, loadSecretKey, SecretKey } from '../../../kmc/subscribers/index.ts';

const octets = Buffer.from(Array.from({ length: 32 }, (_, index) => 0x80 + index));

describe('SecretBox', () => {
  const box = new SecretKey(octets).box('one');

  it('opens what it sealed, in its context only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.string(), (plaintext, context) => {
        const sealed = box.seal(plaintext, context);
        expect(box.open(sealed, context)?.equals(plaintext)).to.equal(true);
        expect(box.open(sealed, `${context}x`)).to.equal(undefined);
      }),
    );
  });

  it('does not open what was changed in any octet, cut short, or sealed for another purpose', () => {
    const sealed = box.seal(Buffer.from('secret'), 'context');
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(box.open(changed, 'context'), `octet ${index}`).to.equal(undefined);
      expect(box.open(sealed.subarray(0, index), 'context')).to.equal(undefined);
    }
    expect(new SecretKey(octets).box('two').open(sealed, 'context')).to.equal(undefined);
  });

  it('seals the same octets differently each time', () => {
    expect(box.seal(octets, 'context').equals(box.seal(octets, 'context'))).to.equal(false);
  });

  it('keeps its key to itself', () => {
    const key = new SecretKey(octets);
    for (const shown of [inspect(key, { depth: 9 }), JSON.stringify(key), inspect(box, { depth: 9 })]) {
      expect(shown).not.to.match(/80,|128|8081/);
    }
  });
});

describe('loadSecretKey', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-key-'));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('reads hexadecimal, base64 and bare octets from a file', async () => {
    const sealed = new SecretKey(octets).box('test').seal(Buffer.from('x'), '');
    for (const contents of [octets, `${octets.toString('hex')}\n`, octets.toString('base64')]) {
      const file = write('key', contents, 0o600);
      const key = await loadSecretKey({ file });
      expect(key.box('test').open(sealed, '')?.toString()).to.equal('x');
    }
  });

  it('reads the environment', async () => {
    const sealed = new SecretKey(octets).box('test').seal(Buffer.from('x'), '');
    const key = await loadSecretKey({ environment: 'THE_KEY' }, { THE_KEY: octets.toString('hex') });
    expect(key.box('test').open(sealed, '')?.toString()).to.equal('x');
    expect(await failure(loadSecretKey({ environment: 'THE_KEY' }, {}))).to.include('THE_KEY is not set');
    const short = await failure(loadSecretKey({ environment: 'THE_KEY' }, { THE_KEY: 'abcd1234' }));
    expect(short).to.include('OSGATE_KMC_SECRET_KEY').and.not.include('abcd1234');
  });

  it('refuses a file that others can use', async () => {
    for (const mode of [0o640, 0o604, 0o620, 0o644]) {
      const file = write('open', octets.toString('hex'), mode);
      expect(await failure(loadSecretKey({ file }))).to.match(/OSGATE_KMC_SECRET_KEY.*others than its owner/);
    }
  });

  it('refuses a file of another form or that is not there', async () => {
    for (const contents of ['', 'ab', octets.subarray(1), Buffer.concat([octets, Buffer.of(10)])]) {
      expect(await failure(loadSecretKey({ file: write('bad', contents, 0o600) }))).to.include('is not 32 octets');
    }
    expect(await failure(loadSecretKey({ file: join(folder, 'none') }))).to.include('ENOENT');
    expect(await failure(loadSecretKey({ file: folder }))).to.include('OSGATE_KMC_SECRET_KEY');
  });

  it('makes a file that it can read, for the owner alone, and never over another', async () => {
    const file = join(folder, 'new');
    await createSecretKeyFile(file);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const before = readFileSync(file, 'utf8');
    expect(await loadSecretKey({ file })).to.be.instanceOf(SecretKey);
    expect(await failure(createSecretKeyFile(file))).to.include('EEXIST');
    expect(readFileSync(file, 'utf8')).to.equal(before);
  });

  function write(name: string, contents: string | Buffer, mode: number): string {
    const file = join(folder, name);
    writeFileSync(file, contents);
    chmodSync(file, mode);
    return file;
  }
});

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => '',
    (error: unknown) => (error instanceof KmcError ? `${error.code}: ${error.message}` : String(error)),
  );
}
