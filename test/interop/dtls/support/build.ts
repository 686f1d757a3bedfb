import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProgram } from '../../../support/run-program.ts';

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/osgate-dtls-peers/', import.meta.url));

/** A program of a peer: its sources below `peers/`, and how it is made. */
export interface PeerProgram {
  readonly name: string;
  /** The first is what the compiler is given, the others belong to it. */
  readonly sources: readonly string[];
  /** Debian packages that it needs; a new version of one makes the program anew. */
  readonly debianPackages: readonly string[];
  readonly command: (source: string, output: string) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export const PION: PeerProgram = {
  name: 'pion',
  sources: ['pion/peer.go'],
  debianPackages: ['golang-go', 'golang-github-pion-dtls.v2-dev'],
  command: (source, output) => ['go', 'build', '-o', output, source],
  // Debian's packages of Go libraries are a GOPATH; nothing is fetched.
  environment: {
    GO111MODULE: 'off',
    GOPATH: '/usr/share/gocode',
    GOFLAGS: '',
    GOTOOLCHAIN: 'local',
    GOCACHE: join(CACHE, 'go-build'),
  },
};

export const MBEDTLS: PeerProgram = {
  name: 'mbedtls',
  sources: ['mbedtls/peer.c', 'c/options.h'],
  debianPackages: ['libmbedtls-dev'],
  command: (source, output) => [...compiler(source, output), '-lmbedtls', '-lmbedx509', '-lmbedcrypto'],
};

export const WOLFSSL: PeerProgram = {
  name: 'wolfssl',
  sources: ['wolfssl/peer.c', 'c/options.h'],
  debianPackages: ['libwolfssl-dev'],
  command: (source, output) => [...compiler(source, output), '-lwolfssl'],
};

const built = new Map<string, Promise<string>>();

/** The path of the program, which is made unless it is there already. Fails with what the compiler says. */
export function buildPeer(program: PeerProgram): Promise<string> {
  const known = built.get(program.name);
  if (known !== undefined) return known;
  const building = build(program);
  built.set(program.name, building);
  return building;
}

/** The version of a Debian package that is installed. */
export async function debianVersion(debianPackage: string): Promise<string> {
  const query = await runProgram('dpkg-query', ['-W', '-f', '${Version}', debianPackage]);
  if (query.code !== 0 || query.output === '') {
    throw new Error(`the Debian package ${debianPackage} is missing: run npm run setup\n${query.errors}`);
  }
  return query.output;
}

async function build(program: PeerProgram): Promise<string> {
  const versions = await Promise.all(program.debianPackages.map(debianVersion));
  const hash = createHash('sha256').update([program.command('source', 'output'), ...versions].join(' '));
  for (const source of program.sources) hash.update(readFileSync(join(PEERS, source)));
  const output = join(CACHE, `${program.name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(output)) return output;
  mkdirSync(dirname(output), { recursive: true });
  const [source = ''] = program.sources;
  // Another run may make the same at the same time: whoever comes last puts a whole program in the place of a whole program.
  const unfinished = `${output}.${process.pid}`;
  const [command = '', ...args] = program.command(join(PEERS, source), unfinished);
  const environment = program.environment === undefined ? {} : { environment: program.environment };
  const { code, output: said, errors } = await runProgram(command, args, { ...environment, timeout: 240_000 });
  if (code !== 0)
    throw new Error(`${program.name} does not compile (${command} ended with ${code}):\n${said}${errors}`);
  renameSync(unfinished, output);
  return output;
}

function compiler(source: string, output: string): string[] {
  return ['gcc', '-std=gnu11', '-O1', '-Wall', '-Wextra', '-o', output, source];
}
