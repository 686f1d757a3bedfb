import { createRequire } from 'node:module';

import { Core } from 'sip.js';
import { Parser } from 'sip.js/lib/core/messages/parser.js';

import { parseMessage } from '../../sip/index.ts';

/** What drachtio-srf makes of a message, and back. */
interface DrachtioParser {
  parseSipMessage(text: string, lazy: boolean): object | undefined;
  stringifySipMessage(message: object): string;
}

const drachtio = createRequire(import.meta.url)('drachtio-srf/lib/sip-parser/parser.js') as DrachtioParser;

const silent = new Core.LoggerFactory();
silent.builtinEnabled = false;
const logger = silent.getLogger('bench');

/** Each reads a datagram and writes it again, as a proxy does; what it gives is how long the message is that it would send. */
export const CONTESTANTS: Readonly<Record<string, (datagram: Buffer) => number>> = {
  osgate: (datagram) => {
    const result = parseMessage(datagram);
    return result.ok ? result.message.toBuffer().length : 0;
  },
  // As drachtio-srf reads what its server hands it: values stay text until somebody asks.
  'drachtio-srf': (datagram) => {
    const message = drachtio.parseSipMessage(datagram.toString('latin1'), true);
    return message === undefined ? 0 : Buffer.from(drachtio.stringifySipMessage(message), 'latin1').length;
  },
  // It has no serialiser for a message that came in: reading alone is counted, and the text it keeps goes out again.
  'sip.js': (datagram) => {
    const message = Parser.parseMessage(datagram.toString('latin1'), logger);
    return message === undefined ? 0 : Buffer.from(message.toString(), 'latin1').length;
  },
};
