import type { z } from 'zod';

/** What the checks below need to see of a configuration; the schema gives more. */
interface Checked {
  readonly agent?:
    | {
        readonly dtls: {
          readonly client: string;
          readonly authentication: string;
          readonly cipherSuites: readonly string[];
          readonly authorities?: string | undefined;
          readonly certificate?: string | undefined;
          readonly privateKey?: string | undefined;
          readonly pskFile?: string | undefined;
          readonly reconnect: { readonly initialMilliseconds: number; readonly maximumMilliseconds: number };
        };
        readonly proxy: { readonly host: string };
      }
    | undefined;
}

/** The suites of `osgate` that node-dtls-client has as well: plain PSK only. */
const NODE_DTLS_CLIENT_SUITES: ReadonlySet<string> = new Set([
  'TLS_PSK_WITH_AES_128_GCM_SHA256',
  'TLS_PSK_WITH_AES_256_GCM_SHA384',
  'TLS_PSK_WITH_AES_128_CCM',
  'TLS_PSK_WITH_AES_256_CCM',
  'TLS_PSK_WITH_AES_128_CCM_8',
  'TLS_PSK_WITH_AES_256_CCM_8',
]);

/** The rules that tie the keys of `agent.dtls` to each other: without them a key would have no effect, or no association come about. */
export function agentChecks({ agent }: Checked, context: z.RefinementCtx): void {
  if (agent === undefined) return;
  const { client, authentication, cipherSuites, authorities, certificate, privateKey, pskFile, reconnect } = agent.dtls;
  const problem = (key: string | (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path: ['agent', 'dtls', ...(typeof key === 'string' ? [key] : key)], message });
  };

  if (authentication === 'certificate') {
    if (client === 'node-dtls-client') problem('client', 'osgate, the client that has certificate suites');
    if (authorities === undefined)
      problem('authorities', 'the file of authorities that sign the gateway’s certificate');
  } else if (authorities !== undefined || certificate !== undefined) {
    problem('authentication', 'certificate, without which authorities and certificate have no effect');
  }
  if ((authentication === 'psk') !== (pskFile !== undefined)) {
    if (pskFile === undefined) problem('pskFile', 'the file with the pre-shared key');
    else problem('authentication', 'psk, without which pskFile has no effect');
  }
  if ((certificate === undefined) !== (privateKey === undefined)) {
    problem(certificate === undefined ? 'certificate' : 'privateKey', 'both certificate and privateKey, or neither');
  }
  for (const [index, suite] of cipherSuites.entries()) {
    if (suite.includes('PSK_WITH_') === (authentication !== 'certificate')) continue;
    problem(['cipherSuites', index], `a cipher suite ${authentication === 'certificate' ? 'without' : 'with'} PSK`);
  }
  if (client === 'node-dtls-client' && nodeDtlsClientSuite(cipherSuites) === undefined) {
    problem('cipherSuites', `one that node-dtls-client has: ${[...NODE_DTLS_CLIENT_SUITES].join(', ')}`);
  }
  // The proxy puts its address into Record-Route.
  if (agent.proxy.host === '0.0.0.0' || agent.proxy.host === '::') {
    context.addIssue({ code: 'custom', path: ['agent', 'proxy', 'host'], message: 'one address, such as 127.0.0.1' });
  }
  if (reconnect.maximumMilliseconds < reconnect.initialMilliseconds) {
    problem(['reconnect', 'maximumMilliseconds'], 'at least initialMilliseconds');
  }
}

/** The first of those suites that node-dtls-client has. */
export function nodeDtlsClientSuite(cipherSuites: readonly string[]): string | undefined {
  return cipherSuites.find((suite) => NODE_DTLS_CLIENT_SUITES.has(suite));
}
