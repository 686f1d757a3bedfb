import { X509Certificate } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { KmcError } from '../../kmc/errors.ts';
import { loadSecretKey, type SecretKeyLocation } from '../../kmc/subscribers/index.ts';
import type { AdminConfig, Config, GatewayConfig, PskConfig } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { StaticPsk } from '../identity/index.ts';
import { loadAdminToken } from '../ops/index.ts';
import { pushFiles } from './check-push-files.ts';

/** What is wrong with the files and environment variables that a configuration names, one line each. */
export async function fileProblems(config: Config): Promise<string[]> {
  const { kmc, gateway, agent, ops } = config;
  const store = kmc?.bootstrapping.store;
  const keyCentre = gateway?.keyCentre;
  const problems = await Promise.all([
    kmc && secret('kmc.subscribers.secretKey', kmc.subscribers.secretKey),
    gateway?.secret && secret('gateway.secret', gateway.secret),
    ops?.admin && token('ops.admin.token', ops.admin.token),
    kmc && writable('kmc.subscribers.database', kmc.subscribers.database),
    store?.type === 'sqlite' && writable('kmc.bootstrapping.store.path', store.path),
    kmc?.ub?.tls && keyPair('kmc.ub.tls', kmc.ub.tls),
    kmc?.nbsp && keyPair('kmc.nbsp.tls', kmc.nbsp.tls),
    kmc?.nbsp && certificates('kmc.nbsp.tls.clientAuthorities', kmc.nbsp.tls.clientAuthorities),
    keyCentre?.type === 'nbsp' && keyPair('gateway.keyCentre.tls', keyCentre.tls),
    keyCentre?.type === 'nbsp' && certificates('gateway.keyCentre.tls.authorities', keyCentre.tls.authorities),
    ...(gateway === undefined ? [] : dtlsFiles(gateway)),
    ...(gateway?.push === undefined ? [] : pushFiles(gateway.push, writable, keyPair)),
    agent?.ub?.authorities !== undefined && certificates('agent.ub.authorities', agent.ub.authorities),
    agent?.keyCache !== undefined && writable('agent.keyCache', agent.keyCache),
    agent?.usim.sqnFile !== undefined && writable('agent.usim.sqnFile', agent.usim.sqnFile),
  ]);
  return problems.filter((problem) => typeof problem === 'string');
}

/** What DTLS needs: certificates, keys of clients, and files that are written. */
function dtlsFiles({ dtls, sec1 }: GatewayConfig): Promise<string | undefined>[] {
  const files: Promise<string | undefined>[] = dtls.certificates.map((pair, index) =>
    keyPair(`gateway.dtls.certificates[${index}]`, pair),
  );
  if (dtls.handover !== undefined) files.push(writable('gateway.dtls.handover', dtls.handover));
  if (dtls.keyLog !== undefined) files.push(writable('gateway.dtls.keyLog', dtls.keyLog));
  for (const [kind, listeners] of [['sip', sec1.sip] as const, ['datagram', sec1.datagram] as const]) {
    for (const [index, { authenticators }] of listeners.entries()) {
      for (const [place, settings] of authenticators.entries()) {
        const key = `gateway.sec1.${kind}[${index}].authenticators[${place}]`;
        if (settings.type === 'psk') files.push(pskFile(key, settings));
        if (settings.type === 'certificate') {
          files.push(certificates(`${key}.authorities`, settings.authorities));
        }
      }
    }
  }
  return files;
}

async function pskFile(key: string, { identities, publicIdentities }: PskConfig): Promise<string | undefined> {
  return (
    (await readable(`${key}.identities`, identities)) ??
    readFile(identities, 'utf8').then((text) => {
      try {
        new StaticPsk({ text, name: identities, publicIdentities });
        return undefined;
      } catch (error) {
        if (error instanceof OsgateError) return `${key}: ${error.message}`;
        throw error;
      }
    })
  );
}

async function readable(key: string, path: string): Promise<string | undefined> {
  return fails(`${key}: ${path} cannot be read`, () => access(path, constants.R_OK));
}

/** A file that we write: it may be missing as long as it can be made. */
async function writable(key: string, path: string): Promise<string | undefined> {
  return fails(`${key}: ${path} cannot be written`, async () => {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    await access(exists ? path : dirname(path), constants.R_OK | constants.W_OK);
  });
}

async function certificates(key: string, path: string): Promise<string | undefined> {
  return (
    (await readable(key, path)) ??
    fails(`${key}: ${path} has no certificate in PEM form`, async () => new X509Certificate(await readFile(path)))
  );
}

async function keyPair(
  key: string,
  tls: { readonly certificate: string; readonly privateKey: string },
): Promise<string | undefined> {
  return (
    (await certificates(`${key}.certificate`, tls.certificate)) ??
    (await readable(`${key}.privateKey`, tls.privateKey)) ??
    fails(`${key}.privateKey: ${tls.privateKey} is not the private key of ${tls.certificate}`, async () =>
      createSecureContext({ cert: await readFile(tls.certificate), key: await readFile(tls.privateKey) }),
    )
  );
}

async function secret(key: string, location: SecretKeyLocation): Promise<string | undefined> {
  try {
    await loadSecretKey(location);
    return undefined;
  } catch (error) {
    if (error instanceof KmcError) return `${key}: ${error.message}`;
    throw error;
  }
}

async function token(key: string, location: AdminConfig['token']): Promise<string | undefined> {
  try {
    await loadAdminToken(location);
    return undefined;
  } catch (error) {
    if (error instanceof OsgateError) return `${key}: ${error.message}`;
    throw error;
  }
}

async function fails(problem: string, attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return `${problem}${reason}`;
  }
}
