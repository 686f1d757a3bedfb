import type { PushConfig } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { smppOptionsOf } from '../push/smpp/smpp-options.ts';
import { InitiatorAuthenticator } from '../push/initiators/initiator-authenticator.ts';

/** How a file that is written is looked at. */
type Writable = (key: string, path: string) => Promise<string | undefined>;
type KeyPair = (
  key: string,
  tls: { readonly certificate: string; readonly privateKey: string },
) => Promise<string | undefined>;

/** What is wrong with the files and environment variables of `gateway.push`. */
export function pushFiles(push: PushConfig, writable: Writable, keyPair: KeyPair): Promise<string | undefined>[] {
  const { tls } = push.initiators;
  return [
    writable('gateway.push.queue.path', push.queue.path),
    writable('gateway.push.associations.path', push.associations.path),
    problemOf('gateway.push.initiators', () => InitiatorAuthenticator.open(push.initiators)),
    ...(tls === undefined ? [] : [keyPair('gateway.push.initiators.tls', tls)]),
    ...push.carriers.flatMap((carrier, index) =>
      carrier.type === 'smpp' ? [problemOf(`gateway.push.carriers[${index}]`, () => smppOptionsOf(carrier))] : [],
    ),
  ];
}

async function problemOf(key: string, read: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (error instanceof OsgateError) return `${key}: ${error.message}`;
    throw error;
  }
}
