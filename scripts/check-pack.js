// Packs the project as npm would publish it, installs the package into an empty folder without development packages, and
// uses it there as its users would: the command, and an import of each export.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const CONFIG = `
gateway:
  keyCentre: { type: embedded }
  sec1:
    sip:
      - name: edge
        host: 127.0.0.1
        fqdn: gateway.example.net
        authenticators: [{ type: gba-digest }]
kmc:
  domain: kmc.example.net
  subscribers: { database: subscribers.sqlite, secretKey: { environment: OSGATE_SECRET_KEY } }
`;

const IMPORTS = `
import { loadConfig, OsgateError } from 'osgate';
import { parseMessage } from 'osgate/sip';
import { KmcError } from 'osgate/kmc';
import { connect, createServer, DtlsError } from 'osgate/dtls';
for (const value of [loadConfig, OsgateError, parseMessage, KmcError, connect, createServer, DtlsError]) {
  if (typeof value !== 'function') throw new TypeError('an export is missing');
}
await loadConfig('osgate.yaml');
console.log('imports: ok');
`;

const folder = mkdtempSync(join(tmpdir(), 'osgate-pack-'));
try {
  // prepack builds dist/ first.
  run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT);
  const [archive] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', `./${archive}`], folder);
  writeFileSync(join(folder, 'osgate.yaml'), CONFIG);
  writeFileSync(join(folder, 'imports.js'), IMPORTS);
  const command = join(folder, 'node_modules', '.bin', 'osgate');
  run(command, ['--help'], folder);
  for (const name of ['gateway', 'kmc', 'agent', 'subscriber', 'check']) run(command, [name, '--help'], folder);
  run(command, ['check', '-c', 'osgate.yaml'], folder);
  run(process.execPath, ['imports.js'], folder);
  process.stdout.write('check-pack: ok\n');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, args, cwd) {
  // npm tells its children about the project it runs in; the package under test must not hear of it. The pinned Node
  // stays first on PATH.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_(?:registry|cafile|cache)$)/i.test(name),
  );
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = { ...Object.fromEntries(kept), PATH: path, OSGATE_SECRET_KEY: '00'.repeat(32) };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 300_000 });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n`);
  process.stderr.write(`check-pack: failed: ${[command, ...args].join(' ')}\n`);
  rmSync(folder, { recursive: true, force: true });
  process.exit(1);
}
