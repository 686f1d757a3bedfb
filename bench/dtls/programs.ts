import { fileURLToPath } from 'node:url';

import { compileOnce, GCC } from '../support/compile.ts';

const HEADERS = [pathOf('./datagram-bio.h'), pathOf('../support/loopback.h')];

/** Where Debian puts Go packages; without modules nothing is fetched. */
const GO_ENVIRONMENT = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' };

/** A C program of this folder, on OpenSSL. */
export async function compiledWithOpenssl(name: 'load' | 'openssl-server'): Promise<string> {
  const source = pathOf(`./${name}.c`);
  return compileOnce({
    source,
    headers: HEADERS,
    command: (output) => [...GCC, '-o', output, source, '-lssl', '-lcrypto'],
  });
}

export async function compiledPionServer(): Promise<string> {
  const source = pathOf('./pion-server.go');
  return compileOnce({
    source,
    headers: [],
    command: (output) => ['go', 'build', '-o', output, source],
    environment: GO_ENVIRONMENT,
  });
}

export function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
