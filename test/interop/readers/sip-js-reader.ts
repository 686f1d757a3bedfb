import { Core, Grammar } from 'sip.js';
import { Parser } from 'sip.js/lib/core/messages/parser.js';

import { listText, type Reader } from './reading.ts';

const SILENT = new Core.LoggerFactory();
SILENT.builtinEnabled = false;

/** The parser of sip.js, which user agents in JavaScript read with. */
export const sipJsReader: Reader = {
  name: 'sip.js',
  async read(octets) {
    try {
      const message = Parser.parseMessage(octets.toString('latin1'), SILENT.getLogger('parser'));
      if (message === undefined) return undefined;
      const request = message instanceof Core.IncomingRequestMessage;
      const cseq: unknown = message.parseHeader('CSeq');
      return {
        kind: request ? message.method : String(message.statusCode),
        uri: request ? (message.ruri?.toRaw() ?? '') : '',
        fromUri: message.from.uri.toRaw(),
        fromTag: textOf(message.fromTag),
        toTag: textOf(message.toTag),
        callId: message.callId,
        cseq: `${message.cseq} ${hasMethod(cseq) ? cseq.method : ''}`,
        identityUri: identityUri(message.getHeaders('P-Asserted-Identity')[0] ?? ''),
        assertedIdentity: listText(message.getHeaders('P-Asserted-Identity')),
        preferredIdentity: listText(message.getHeaders('P-Preferred-Identity')),
        remotePartyId: listText(message.getHeaders('Remote-Party-ID')),
        bodyLength: String(message.body.length),
      };
    } catch {
      return undefined;
    }
  },
};

/** It has no rule for P-Asserted-Identity, only one for a single address. */
function identityUri(field: string): string {
  const first = /^(?:"(?:\\[^]|[^"\\])*"|<[^>]*>|[^,"<])*/.exec(field)?.[0] ?? '';
  return Grammar.nameAddrHeaderParse(first.trim())?.uri.toRaw() ?? '';
}

/** Its types promise more than it keeps. */
function textOf(value: string | undefined): string {
  return value ?? '';
}

function hasMethod(value: unknown): value is { readonly method: string } {
  return typeof value === 'object' && value !== null && 'method' in value && typeof value.method === 'string';
}
