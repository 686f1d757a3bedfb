import { isToken, isTokenOrHost, isWhitespace, skipWhitespace } from './characters.ts';
import { ParameterList } from './parameter-list.ts';
import { formatParameters, NO_PARAMETERS, parseParameters, type Parameters } from './parameters.ts';
import { formatHost, parseHostPort } from './uri.ts';

/** One value of Via (RFC 3261 20.42). */
export interface Via {
  /** The transport token, upper-case: UDP, TCP, TLS, DTLS-UDP. */
  readonly protocol: string;
  /** The sent-by host, lower-case, IPv6 without brackets. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly branch?: string | undefined;
  readonly received?: string | undefined;
  /** True for a bare `rport` (RFC 3581 3), the port when a server has filled it in. */
  readonly rport?: number | true | undefined;
  /** Every parameter, those above included. */
  readonly parameters: Parameters;
}

/** Reads one Via value; undefined when it is malformed or not SIP/2.0. */
export function parseVia(text: string): Via | undefined {
  let position = 8;
  if (!text.startsWith('SIP/2.0/')) {
    // `SIP / 2.0 / UDP` is legal (RFC 3261 25.1, SLASH).
    const match = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*/i.exec(text);
    if (match === null) return undefined;
    position = match[0].length;
  }
  let protocolEnd = position;
  while (protocolEnd < text.length && !isWhitespace(text.charCodeAt(protocolEnd))) protocolEnd++;
  const protocol =
    protocolEnd - position === 3 && text.startsWith('UDP', position)
      ? 'UDP'
      : otherProtocol(text, position, protocolEnd);
  if (protocol === undefined || protocolEnd === text.length) return undefined;
  const hostStart = skipWhitespace(text, protocolEnd);
  const semicolon = text.indexOf(';', hostStart);
  const hostPort = parseHostPort(text, hostStart, semicolon < 0 ? text.length : semicolon);
  if (hostPort === undefined) return undefined;
  const parameters = semicolon < 0 ? NO_PARAMETERS : parseParameters(text, semicolon);
  if (parameters === undefined || !arePlain(parameters)) return undefined;
  return via(protocol, hostPort.host, hostPort.port, parameters);
}

/** The Via with where its message really came from (RFC 3261 18.2.1), the port only where it was asked for (RFC 3581 4). */
export function receivedFrom(top: Via, address: string, port: number): Via {
  const parameters = new ParameterList();
  top.parameters.forEach((value, name) => {
    if (name === 'received') parameters.add(name, address);
    else parameters.add(name, name === 'rport' ? String(port) : value);
  });
  if (top.received === undefined) parameters.add('received', address);
  return via(top.protocol, top.host, top.port, parameters);
}

function via(protocol: string, host: string, port: number | undefined, parameters: Parameters): Via {
  return {
    protocol,
    host,
    port,
    branch: parameters.get('branch'),
    received: parameters.get('received'),
    rport: readRport(parameters),
    parameters,
  };
}

export function formatVia(via: Pick<Via, 'protocol' | 'host' | 'port' | 'parameters'>): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `SIP/2.0/${via.protocol} ${formatHost(via.host)}${port}${formatParameters(via.parameters)}`;
}

/**
 * A token or a host, with brackets or without (RFC 5118 4.5). The grammar lets an extension be a quoted-string; nobody writes
 * one, and Kamailio, which takes none, then reads nothing of what stands behind it.
 */
function otherProtocol(text: string, start: number, end: number): string | undefined {
  const protocol = text.slice(start, end).toUpperCase();
  return isToken(protocol) ? protocol : undefined;
}

function arePlain(parameters: Parameters): boolean {
  if (!(parameters instanceof ParameterList)) return true;
  for (let one = parameters.first; one !== undefined; one = one.next) {
    if (one.value === undefined ? WITH_VALUE.has(one.name) : !isTokenOrHost(one.value)) return false;
  }
  return true;
}

/** RFC 3261 25.1, and `i`, which is no more than an extension but stands for a connection to Kamailio. */
const WITH_VALUE: ReadonlySet<string> = new Set(['branch', 'received', 'maddr', 'ttl', 'i']);

function readRport(parameters: Parameters): number | true | undefined {
  if (!parameters.has('rport')) return undefined;
  const value = parameters.get('rport');
  if (value === undefined) return true;
  const port = Number(value);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : true;
}
