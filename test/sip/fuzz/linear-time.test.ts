import { requestOutcome } from '../../support/torture-proxy.ts';
import { readMessage } from './check-message.ts';
import { checkTime } from './time-check.ts';

const START = 'MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n';
const FROM = 'From: <sip:alice@example.com>;tag=1\r\n';
const REST = 'To: <sip:bob@example.com>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n';
const END = 'Content-Length: 0\r\n\r\n';

/** Almost a whole datagram of one thing. */
const SIZE = 55_000;

function numbered(separator: string): string {
  let text = '';
  for (let index = 0; text.length < SIZE; index++) text += separator + index.toString(36);
  return text;
}

function repeated(piece: string): string {
  return piece.repeat(Math.floor(SIZE / piece.length));
}

/** What makes a parser slow that begins its search anew for each piece of a message. */
const SLOW: Readonly<Record<string, string>> = {
  'lines without a colon': START + FROM + REST + repeated('a\r\n') + END,
  'lines with nothing before the colon': START + FROM + REST + repeated(':\r\n') + END,
  'one value folded many times': `${START}${FROM}${REST}Subject: x${repeated('\r\n x')}\r\n${END}`,
  'folded lines of white space': `${START}${FROM}${REST}Subject: x${repeated('\r\n  ')}\r\n${END}`,
  'parameters without a value': `${START}From: <sip:alice@example.com>${numbered(';')};tag=1\r\n${REST}${END}`,
  'parameters of a URI': `${START}${FROM}${REST}Contact: <sip:alice@example.com${numbered(';')}>\r\n${END}`,
  'parameters of Via': `${START}Via: SIP/2.0/UDP 192.0.2.9${numbered(';')}\r\n${FROM}${REST}${END}`,
  'values of Via': `${START}Via: SIP/2.0/UDP a${repeated(',SIP/2.0/UDP a')}\r\n${FROM}${REST}${END}`,
  'values of Contact': `${START}${FROM}${REST}Contact: <sip:a@b>${repeated(',<sip:a@b>')}\r\n${END}`,
  'values of Route': `${START}${FROM}${REST}Route: <sip:a;lr>${repeated(',<sip:a;lr>')}\r\n${END}`,
  'Route values of the proxy itself': `${START}${FROM}${REST}Route: <sip:192.0.2.1:5070;lr>${repeated(',<sip:192.0.2.1:5070;lr>')}\r\n${END}`,
  'quotation marks': `${START}${FROM}${REST}Contact: ${repeated('"')}\r\n${END}`,
  'quoted quotation marks': `${START}From: "${repeated('\\"')}" <sip:alice@example.com>;tag=1\r\n${REST}${END}`,
  'quoted control characters': `${START}From: "${repeated('\\\x01')}" <sip:alice@example.com>;tag=1\r\n${REST}${END}`,
  'lines of control characters': START + FROM + REST + repeated('\x01\r\n') + END,
  'angle brackets': `${START}${FROM}${REST}Contact: ${repeated('<')}\r\n${END}`,
  'escapes in a name': `${START}${FROM}${REST}%${repeated('25')}: x\r\n${END}`,
  'escapes in a URI': `${START}${FROM}${REST}Contact: <sip:${repeated('%25')}@b>\r\n${END}`,
  'hyphens in a name': `${START}${FROM}${REST}X${repeated('-a')}: x\r\n${END}`,
  'credentials of many parameters': `${START}${FROM}${REST}Authorization: Digest a=b${numbered(',x=1,y')}=1\r\n${END}`,
  'white space in Via': `${START}Via: SIP${repeated(' ')}/2.0/UDP a\r\n${FROM}${REST}${END}`,
  'white space before a colon': `${START}${FROM}${REST}Subject${repeated(' ')}: x\r\n${END}`,
  'line breaks before the start line': `${repeated('\r\n')}${START}${FROM}${REST}${END}`,
};

describe('adversarial messages', () => {
  for (const [what, text] of Object.entries(SLOW)) {
    it(`lesson 25: ${what}: less than 1 ms a kilobyte`, () => {
      checkTime(text, readMessage);
      checkTime(text, (message) => requestOutcome(Buffer.from(message, 'latin1')));
    });
  }
});
