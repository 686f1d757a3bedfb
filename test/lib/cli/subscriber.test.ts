import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseUssOption } from '../../../lib/cli/uss-option.ts';

const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OP = 'cdc202d5123e20f62b6d676ac72cb318';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
const main = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

describe('osgate subscriber', function () {
  this.timeout(60_000);
  let folder: string;
  let config: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-cli-'));
    config = join(folder, 'osgate.yaml');
    writeFileSync(
      config,
      'kmc:\n  domain: bsf.home1.example\n  subscribers:\n    database: subscribers.sqlite\n    secretKey: { file: key }\n',
    );
    const made = await osgate(['key', '--file', join(folder, 'key')]);
    expect(made.code, made.errors).to.equal(0);
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('makes a secret key once, for its owner alone', async () => {
    expect(statSync(join(folder, 'key')).mode & 0o777).to.equal(0o600);
    const again = await osgate(['key', '--file', join(folder, 'key')]);
    expect(again.code).to.equal(1);
    expect(again.errors).to.include('OSGATE_KMC_SECRET_KEY').and.to.include('EEXIST');
  });

  it('adds, refuses a duplicate, lists, shows without secrets unless asked, and removes', async () => {
    const impi = 'alice@home1.example';
    const uss = 'gsid=0,type=0,uid=sip:alice@home1.example,flag=1';
    const options = ['--impi', impi, '--impu', 'sip:alice@home1.example', '--impu', 'tel:+491', '--k-file', '-'];
    const more = ['--op', OP, '--amf', '4321', '--sqn', '20', '--uicc-type', 'GBA', '--life-time', '60', '--uss', uss];
    const added = await osgate(['add', '-c', config, ...options, ...more, '--json'], `${K}\n`);
    expect(added.code, added.errors).to.equal(0);
    expect(JSON.parse(added.output)).to.deep.equal({ added: [impi] });

    const duplicate = await osgate(['add', '-c', config, '--impi', impi, '--k', K, '--opc', OPC]);
    expect(duplicate.code).to.equal(1);
    expect(duplicate.errors).to.include('OSGATE_KMC_SUBSCRIBER_EXISTS').and.to.include(impi);

    const listed = await osgate(['list', '-c', config]);
    expect(listed.output).to.equal(`${impi}\t000000000020\tsip:alice@home1.example tel:+491\n`);

    const shown = await osgate(['show', '-c', config, impi]);
    expect(shown.output).to.include('amf: 4321').and.to.include(`uss: ${uss}`);
    const shownJson = await osgate(['show', '-c', config, impi, '--json']);
    for (const { output, errors } of [shown, shownJson, added, duplicate]) {
      expect(output + errors)
        .not.to.include(K)
        .and.not.to.include(OPC);
    }
    const secrets = await osgate(['show', '-c', config, impi, '--json', '--secrets']);
    expect(JSON.parse(secrets.output)).to.deep.equal({
      impi,
      impus: ['sip:alice@home1.example', 'tel:+491'],
      k: K,
      opc: OPC,
      amf: '4321',
      sqn: '000000000020',
      password: false,
      uiccType: 'GBA',
      lifeTime: 60,
      ussList: [{ gsid: 0, type: 0, uids: ['sip:alice@home1.example'], flags: [1] }],
    });

    expect((await osgate(['remove', '-c', config, impi])).output).to.equal(`removed ${impi}\n`);
    const gone = await osgate(['show', '-c', config, impi]);
    expect(gone.code).to.equal(1);
    expect(gone.errors).to.include('OSGATE_KMC_IDENTITY_UNKNOWN');
  });

  it('imports all of a CSV file or nothing', async () => {
    const file = join(folder, 'import.csv');
    writeFileSync(
      file,
      `impi,impus,k,opc\nbob@home1.example,sip:bob@home1.example,${K},${OPC}\ncarol@home1.example,,x,${OPC}\n`,
    );
    const refused = await osgate(['import', '-c', config, file]);
    expect(refused.code).to.equal(1);
    expect(refused.errors).to.include(`${file}: line 3, column k: is not 32 hexadecimal digits`);
    expect((await osgate(['list', '-c', config, '--json'])).output).to.equal('[]\n');

    const csv = `impi,k,opc\nbob@home1.example,${K},${OPC}\ncarol@home1.example,${K},${OPC}\n`;
    const imported = await osgate(['import', '-c', config, '-'], csv);
    expect(imported.code, imported.errors).to.equal(0);
    expect(imported.output).to.equal('added 2 subscribers\n');
    const list = JSON.parse((await osgate(['list', '-c', config, '--json'])).output) as unknown;
    expect(list).to.deep.equal([
      { impi: 'bob@home1.example', impus: ['sip:bob@home1.example'], sqn: '000000000000', password: false },
      { impi: 'carol@home1.example', impus: ['sip:carol@home1.example'], sqn: '000000000000', password: false },
    ]);
    const again = await osgate(['import', '-c', config, '-'], csv);
    expect(again.errors).to.include('OSGATE_KMC_SUBSCRIBER_EXISTS');
  });

  it('takes passwords from a file or standard input only, tells that there is one, and never shows it', async () => {
    const password = 'correct horse battery staple';
    const file = join(folder, 'password');
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    const printed: string[] = [];
    const run = async (args: readonly string[], input = ''): Promise<Outcome> => {
      const outcome = await osgate([...args, '-c', config], input);
      printed.push(outcome.output, outcome.errors);
      return outcome;
    };
    const desk = ['--impi', 'desk7', '--impu', 'sip:desk7@home1.example'];
    expect((await run(['add', ...desk, '--password-file', file])).output).to.equal('added desk7\n');
    const erin = ['--impi', 'erin@home1.example', '--opc', OPC];
    expect((await run(['add', ...erin, '--k-file', '-'], K)).code).to.equal(0);
    const set = await run(['password', 'erin@home1.example', '--password-file', '-'], `${password}\r\n`);
    expect(set.output, set.errors).to.equal('set the password of erin@home1.example\n');
    const listed = (await run(['list'])).output.split('\n');
    expect(listed).to.include('desk7\t-\tsip:desk7@home1.example\tpassword');
    expect(listed).to.include('erin@home1.example\t000000000000\tsip:erin@home1.example\tpassword');
    expect((await run(['show', 'desk7'])).output).to.equal(
      'impi: desk7\nimpus: sip:desk7@home1.example\npassword: set\n',
    );
    const secrets = await run(['show', 'desk7', '--json', '--secrets']);
    expect(JSON.parse(secrets.output)).to.deep.equal({
      impi: 'desk7',
      impus: ['sip:desk7@home1.example'],
      password: true,
      ussList: [],
    });
    await run(['show', 'erin@home1.example', '--secrets']);
    expect((await run(['password', 'desk7', '--remove'])).errors).to.include('OSGATE_KMC_SUBSCRIBER_INVALID');
    expect((await run(['password', 'desk7'])).errors).to.include('either --password-file or --remove');
    expect((await run(['password', 'nobody', '--remove'])).errors).to.include('OSGATE_KMC_IDENTITY_UNKNOWN');
    expect((await run(['password', 'erin@home1.example', '--remove'])).code).to.equal(0);
    const both = ['--k-file', '-', '--password-file', '-'];
    expect((await run(['add', ...erin, ...both], K)).errors).to.include('--password-file');
    expect(printed.join('')).not.to.include(password);
    expect((await run(['add', '--help'])).output).not.to.match(/--password[ =]</);
    for (const impi of ['desk7', 'erin@home1.example']) expect((await run(['remove', impi])).code).to.equal(0);
  });

  it('names the option that is wrong, and no key', async () => {
    const good = ['--impi', 'dave@home1.example', '--opc', OPC];
    for (const [options, name] of [
      [[...good, '--k', K, '--amf', '8000'], '--amf'],
      [[...good, '--k', K, '--op', OP], '--opc'],
      [[...good, '--k', `${K}0`], '--k'],
      [good, '--k-file'],
      [[...good, '--k', K, '--impu', 'dave'], '--impu'],
      [[...good, '--k', K, '--uss', 'type=1'], '--uss'],
      [[...good, '--k', K, '--life-time', '0'], '--life-time'],
      [[...good, '--k', K, '--uicc-type', 'SIM'], '--uicc-type'],
    ] as const) {
      const { code, errors } = await osgate(['add', '-c', config, ...options]);
      expect(code).to.equal(1);
      expect(errors).to.include('OSGATE_KMC_SUBSCRIBER_INVALID').and.to.include(name).and.not.to.include(K);
    }
  });
});

describe('the option --uss', () => {
  it('divides at commas before a name only, and takes the type from the gsid', () => {
    expect(parseUssOption('gsid=3,uid=sip:a,b@c;x,uid=tel:+1,nafGroup=A,keyChoice=ME_BASED_KEY')).to.deep.equal({
      ok: true,
      uss: {
        gsid: 3,
        type: 3,
        nafGroup: 'A',
        uids: ['sip:a,b@c;x', 'tel:+1'],
        flags: [],
        keyChoice: 'ME_BASED_KEY',
      },
    });
  });

  it('says what is wrong', () => {
    for (const option of [
      '',
      'gsid',
      'gsid=x',
      'gsid=1,gsid=2',
      'gsid=1,flag=x',
      'gsid=1,what=2',
      'gsid=1,keyChoice=A',
    ]) {
      expect(parseUssOption(option).ok, option).to.equal(false);
    }
  });
});

async function osgate(args: readonly string[], input = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [main, 'subscriber', ...args], { stdio: 'pipe' });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, output, errors };
}
