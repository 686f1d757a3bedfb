// Makes a clone ready to work: installs the npm packages, and with --peers the Debian packages that the tests talk to.
// npm's pre-scripts run it, on the machine's own Node (18 or newer) since the pinned one may not be there yet; so it is
// plain JavaScript without dependencies. When all is there it does nothing and takes some milliseconds.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, 'package-lock.json');
const INSTALLED_LOCK = join(ROOT, 'node_modules', '.package-lock.json');
const STAMP = join(ROOT, 'node_modules', '.osgate-setup');
const PINNED_NODE = join(ROOT, 'node_modules', '.bin', 'node');
const OLDEST_NODE = 24;

/** Programs that the tests and scenarios run, files that they compile against, and the Debian package of each. */
const PEERS = [
  { program: 'sipp', debianPackage: 'sip-tester' },
  { program: 'tshark', debianPackage: 'tshark' },
  { program: 'openssl', debianPackage: 'openssl' },
  { program: 'gnutls-cli', debianPackage: 'gnutls-bin' },
  { program: 'curl', debianPackage: 'curl' },
  { program: 'xmllint', debianPackage: 'libxml2-utils' },
  { program: 'kamailio', debianPackage: 'kamailio' },
  { program: 'sipsak', debianPackage: 'sipsak' },
  { program: 'baresip', debianPackage: 'baresip-core' },
  { program: 'dnsmasq', debianPackage: 'dnsmasq-base' },
  { program: 'coap-server-openssl', debianPackage: 'libcoap3-bin' },
  { program: 'gcc', debianPackage: 'build-essential' },
  { file: '/usr/include/openssl/ssl.h', debianPackage: 'libssl-dev' },
  { program: 'gnutls-cli', debianPackage: 'gnutls-bin' },
  { program: 'go', debianPackage: 'golang-go' },
  { file: '/usr/share/gocode/src/github.com/pion/dtls/v2/conn.go', debianPackage: 'golang-github-pion-dtls.v2-dev' },
  { file: '/usr/include/mbedtls/ssl.h', debianPackage: 'libmbedtls-dev' },
  { file: '/usr/include/wolfssl/ssl.h', debianPackage: 'libwolfssl-dev' },
  { file: '/usr/share/perl5/Net/SMPP.pm', debianPackage: 'libnet-smpp-perl' },
];

installPackages();
if (process.argv.includes('--peers')) installPeers();

function installPackages() {
  const lock = readFileSync(LOCK);
  const hash = createHash('sha256').update(lock).digest('hex');
  if (readText(STAMP) === hash && isExecutable(PINNED_NODE)) return;
  if (!isInstalled(JSON.parse(lock.toString('utf8'))) || !isExecutable(PINNED_NODE)) {
    say('installing npm packages');
    // Development packages are wanted even where NODE_ENV says production.
    run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], 'npm ci');
  }
  checkPinnedNode();
  writeFileSync(STAMP, hash);
}

/** Whether node_modules holds what the lock file asks for already: somebody ran npm ci or npm install by hand. */
function isInstalled(lock) {
  const text = readText(INSTALLED_LOCK);
  if (text === undefined) return false;
  const installed = JSON.parse(text).packages ?? {};
  return Object.entries(lock.packages).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function checkPinnedNode() {
  const { stdout, status } = spawnSync(PINNED_NODE, ['--version'], { encoding: 'utf8' });
  const major = Number(/^v(\d+)\./.exec(stdout ?? '')?.[1]);
  if (status !== 0 || !(major >= OLDEST_NODE)) {
    fail(
      `node_modules/.bin/node is not Node.js ${OLDEST_NODE} or newer (it said ${JSON.stringify(stdout ?? 'nothing')}).\n` +
        'The npm package "node" fetches it in its install script: see that npm runs that script (npm config get\n' +
        'ignore-scripts must say false), then run npm ci.',
    );
  }
}

function installPeers() {
  const missing = PEERS.filter((peer) => !isThere(peer));
  if (missing.length === 0) return;
  const packages = missing.map(({ debianPackage }) => debianPackage);
  const byHand = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!isOnPath('apt-get')) fail(`these are missing, please install them: ${names(missing)}`);
  const sudo = process.getuid() === 0 ? [] : ['sudo', '-n'];
  if (sudo.length > 0 && (!isOnPath('sudo') || spawnSync('sudo', ['-n', 'true']).status !== 0)) {
    fail(`these are missing: ${names(missing)}. As root, please run:\n${byHand}`);
  }
  say(`installing Debian packages: ${packages.join(' ')}`);
  // tshark would ask whether everybody may capture; noninteractive takes its default, which is no.
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300'];
  const [command, ...options] = apt;
  run(command, [...options, '-o', 'Acquire::Retries=3', 'update'], byHand);
  run(command, [...options, 'install', '-y', '--no-install-recommends', ...packages], byHand);
  const still = missing.filter((peer) => !isThere(peer));
  if (still.length > 0) fail(`these are still missing after apt-get: ${names(still)}`);
}

function run(command, args, byHand) {
  // Standard output belongs to the script that comes after this one. The pinned Node must not run an npm that replaces it.
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PATH: machinePath().join(delimiter) },
  });
  if (status !== 0)
    fail(`this failed${error ? ` (${error.message})` : ''}: ${command} ${args.join(' ')}\nBy hand: ${byHand}`);
}

/** Where the machine's own programs are: PATH without what npm puts in front of it, and with where apt-get may be. */
function machinePath() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return [...path, '/usr/sbin', '/sbin'];
}

function isThere({ program, file }) {
  return file === undefined ? isOnPath(program) : readText(file) !== undefined;
}

function isOnPath(program) {
  return machinePath().some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function names(peers) {
  return peers.map(({ program, file }) => program ?? file).join(', ');
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
