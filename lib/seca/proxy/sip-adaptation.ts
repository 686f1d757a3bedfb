import { formatHost, isSipUri, parseNameAddress, parseUri, splitValues, type Peer } from '../../../sip/index.ts';
import { readRawMessage, writeRawMessage, type RawHeader, type RawMessage } from './raw-message.ts';

/**
 * What makes a plain SIP/UDP client and a gateway that speaks DTLS understand each other, in three places of a message and
 * nowhere else; every other octet goes through as it is.
 *
 * | | from the client to the gateway | from the gateway to the client |
 * |---|---|---|
 * | top Via | `UDP` becomes `DTLS-UDP` | `DTLS-UDP` becomes `UDP`, and a request gets `rport` where it has none |
 * | Route | values at the top that name the proxy go | |
 * | Record-Route | values that name the proxy go | where there is one, the proxy stands nearest to the client |
 *
 * Via is what RFC 3261 18.1.1 asks of whoever sends over a transport; a client matches responses by the Via that it wrote.
 * With its Record-Route the proxy stays on the way of a dialog: the next hop would else be the gateway's address, to which
 * the client would speak in clear.
 */
export class SipAdaptation {
  readonly #local: Peer;
  readonly #recordRoute: string;

  /** @param local where clients reach the proxy */
  constructor(local: Peer) {
    this.#local = local;
    this.#recordRoute = `Record-Route: <sip:${formatHost(local.address)}:${local.port};lr>\r\n`;
  }

  /** A message of a local client, as it goes to the gateway. What is no SIP message comes back as it is. */
  toGateway(datagram: Buffer): Buffer {
    const message = readRawMessage(datagram);
    if (message === undefined) return datagram;
    const { headers } = message;
    renameTransport(headers, 'UDP', 'DTLS-UDP');
    removeOwn(headers, 'route', this.#local);
    removeOwn(headers, 'record-route', this.#local);
    return writeRawMessage(message);
  }

  /** A message of the gateway, as it goes to the local client. */
  toClient(datagram: Buffer): Buffer {
    const message = readRawMessage(datagram);
    if (message === undefined) return datagram;
    const { headers } = message;
    const via = renameTransport(headers, 'DTLS-UDP', 'UDP');
    if (message.isRequest && via !== undefined) askForPort(via);
    this.#addRecordRoute(message);
    return writeRawMessage(message);
  }

  #addRecordRoute({ headers, isRequest }: RawMessage): void {
    const first = headers.findIndex(({ name }) => name === 'record-route');
    if (first < 0) return;
    const own: RawHeader = { name: 'record-route', text: this.#recordRoute };
    // A client reads the list of a request from the top, and that of a response from the end (RFC 3261 12.1).
    const at = isRequest ? first : headers.findLastIndex(({ name }) => name === 'record-route') + 1;
    headers.splice(at, 0, own);
  }
}

/** Changes the transport of the top Via, and gives its field. */
function renameTransport(headers: RawHeader[], from: string, to: string): RawHeader | undefined {
  const via = headers.find(({ name }) => name === 'via');
  if (via === undefined) return undefined;
  // SIP / 2.0 / transport, with white space anywhere (RFC 3261 25.1).
  const colon = via.text.indexOf(':');
  const slash = via.text.indexOf('/', via.text.indexOf('/', colon) + 1);
  if (slash < 0) return undefined;
  let start = slash + 1;
  while (isBlank(via.text[start])) start++;
  let end = start;
  while (end < via.text.length && !isBlank(via.text[end])) end++;
  if (via.text.slice(start, end).toUpperCase() !== from) return undefined;
  via.text = via.text.slice(0, start) + to + via.text.slice(end);
  return via;
}

/** RFC 3581: the answer is to come to the port that the request came from, which is the proxy's. */
function askForPort(via: RawHeader): void {
  const comma = via.text.indexOf(',');
  const end = comma < 0 ? via.text.trimEnd().length : comma;
  const value = via.text.slice(0, end);
  if (value.toLowerCase().includes(';rport')) return;
  via.text = `${value};rport${via.text.slice(end)}`;
}

/** Removes the values that name the proxy from all fields of that name. */
function removeOwn(headers: RawHeader[], name: string, local: Peer): void {
  for (let index = headers.length - 1; index >= 0; index--) {
    const header = headers[index];
    if (header?.name !== name || !header.text.includes(String(local.port))) continue;
    const colon = header.text.indexOf(':');
    const values = splitValues(header.text.slice(colon + 1).trim());
    const kept = values.filter((value) => !namesPeer(value, local));
    if (kept.length === values.length) continue;
    if (kept.length === 0) headers.splice(index, 1);
    else header.text = `${header.text.slice(0, colon)}: ${kept.join(', ')}\r\n`;
  }
}

function namesPeer(value: string, local: Peer): boolean {
  const uri = parseUri(parseNameAddress(value)?.uri ?? '');
  return uri !== undefined && isSipUri(uri) && uri.host === local.address && (uri.port ?? 5060) === local.port;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}
