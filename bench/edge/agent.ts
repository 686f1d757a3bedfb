import { computeHa1, computeResponse, type Peer } from '../../sip/index.ts';
import { PASSWORD, REALM, TARGET } from './memory-edge.ts';

/** Where every agent sends from. */
export const AGENT: Peer = { address: '192.0.2.1', port: 5060 };

const USERNAME = 'ICEiIyQlJicoKSorLC0uLw==@bsf.example.com';
const URI = 'sip:bob@example.com';
const HA1 = computeHa1('MD5', USERNAME, REALM, PASSWORD);

/** The MESSAGE of an exchange, as bench/sip/message.xml has it; with credentials where a nonce is given. */
export function messageOf(exchange: number, nonce?: string): Buffer {
  const sequence = nonce === undefined ? 1 : 2;
  return Buffer.from(
    `MESSAGE ${URI} SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP ${AGENT.address}:${AGENT.port};branch=z9hG4bK-4711-${exchange}-${sequence};rport\r\n` +
      'Max-Forwards: 70\r\n' +
      `From: <sip:alice@example.com>;tag=4711SIPpTag${exchange}\r\n` +
      `To: <${URI}>\r\n` +
      `Call-ID: ${exchange}-4711@${AGENT.address}\r\n` +
      `CSeq: ${sequence} MESSAGE\r\n` +
      `Contact: <sip:agent@${AGENT.address}:${AGENT.port}>\r\n` +
      (nonce === undefined ? '' : `Proxy-Authorization: ${credentialsOf(nonce)}\r\n`) +
      'Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello',
    'latin1',
  );
}

/** The nonce of a 407. */
export function nonceOf(challenge: Buffer | undefined): string | undefined {
  return /nonce="([^"]+)"/.exec(challenge?.toString('latin1') ?? '')?.[1];
}

/** What the application server answers to the request that came to it. */
export function answerTo(request: Buffer | undefined): Buffer {
  const copied = (request?.toString('latin1') ?? '').split('\r\n').filter((line) => COPIED.test(line));
  const tagged = copied.map((line) => (line.startsWith('To:') ? `${line};tag=${TARGET.port}` : line));
  return Buffer.from(['SIP/2.0 200 OK', ...tagged, 'Content-Length: 0', '', ''].join('\r\n'), 'latin1');
}

const COPIED = /^(?:Via|From|To|Call-ID|CSeq):/;

function credentialsOf(nonce: string): string {
  const proof = { nc: '00000001', cnonce: '6b8b4567', qop: 'auth' } as const;
  const response = computeResponse({ algorithm: 'MD5', ha1: HA1, method: 'MESSAGE', uri: URI, nonce, ...proof });
  return (
    `Digest username="${USERNAME}",realm="${REALM}",cnonce="${proof.cnonce}",nc=${proof.nc},qop=${proof.qop},` +
    `uri="${URI}",nonce="${nonce}",response="${response}",algorithm=MD5`
  );
}
