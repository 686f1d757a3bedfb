import { createRequire } from 'node:module';

import { listText, type Reader } from './reading.ts';

/** As drachtio-srf keeps a message for an application: header values as text, and a parser for each. */
interface DrachtioMessage {
  readonly method?: string;
  readonly status?: number;
  readonly uri?: string;
  readonly body?: string;
  get(name: string): string | undefined;
  has(name: string): boolean;
  getParsedHeader(name: 'from' | 'to' | 'p-asserted-identity'): {
    readonly uri: string;
    readonly params: Readonly<Record<string, string | undefined>>;
  };
  getParsedHeader(name: 'cseq'): { readonly seq: number; readonly method: string };
}

const DrachtioMessage = createRequire(import.meta.url)('drachtio-srf/lib/sip-parser/message.js') as new (
  text: string,
) => DrachtioMessage;

/** The parser of drachtio-srf, which JavaScript application servers read with. */
export const drachtioReader: Reader = {
  name: 'drachtio-srf',
  async read(octets) {
    try {
      const message = new DrachtioMessage(octets.toString('latin1'));
      const from = message.getParsedHeader('from');
      const cseq = message.getParsedHeader('cseq');
      return {
        kind: message.method ?? String(message.status),
        uri: message.uri ?? '',
        fromUri: from.uri,
        fromTag: from.params['tag'] ?? '',
        toTag: message.getParsedHeader('to').params['tag'] ?? '',
        callId: message.get('Call-ID') ?? '',
        cseq: `${cseq.seq} ${cseq.method}`,
        identityUri: message.has('P-Asserted-Identity') ? message.getParsedHeader('p-asserted-identity').uri : '',
        assertedIdentity: listText([message.get('P-Asserted-Identity') ?? '']),
        preferredIdentity: listText([message.get('P-Preferred-Identity') ?? '']),
        remotePartyId: listText([message.get('Remote-Party-ID') ?? '']),
        bodyLength: String((message.body ?? '').length),
      };
    } catch {
      // It throws for what it cannot read.
      return undefined;
    }
  },
};
