// The kinds of value that the sections are made of. The error text of every one is what was expected, in the words that an
// operator reads after "expected"; problems.ts puts the rest of the sentence round it.
import { isIP, isIPv4 } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';

/** An object that refuses keys it does not know. Its error text for those is the list of the keys that it does know. */
export function section<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(',');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : 'a group of keys'),
  });
}

/** A whole number from `minimum` to `maximum`, both allowed. */
export function integer(minimum: number, maximum: number) {
  const expected = `a number from ${minimum} to ${maximum}`;
  return z
    .number({ error: expected })
    .int({ error: expected })
    .min(minimum, { error: expected })
    .max(maximum, { error: expected });
}

/** A port to listen on; 0 lets the system choose one. */
export function port() {
  return integer(0, 65535);
}

/** Milliseconds, at most a day: more is a slip of units. */
export function milliseconds(minimum = 1) {
  return integer(minimum, 86_400_000);
}

/** How many of something there may be. */
export function count(minimum = 1) {
  return integer(minimum, 1_000_000_000);
}

/** A string that `accept` approves. */
export function text(expected: string, accept: (value: string) => boolean = (value) => value.length > 0) {
  return z.string({ error: expected }).refine(accept, { error: expected }).meta({ expected });
}

export function flag() {
  return z.boolean({ error: 'true or false' });
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

/** A list of at least `minimum` entries. */
export function list<Entry extends z.ZodType>(entry: Entry, expected: string, minimum = 0) {
  return z.array(entry, { error: expected }).min(minimum, { error: expected });
}

/** `type` chooses which of the groups of keys is meant. */
export function oneOf<const Options extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]]>(
  names: readonly string[],
  options: Options,
) {
  return z.discriminatedUnion('type', options, { error: `one of ${names.join(', ')}` });
}

/** A file. A relative name is relative to the folder of the configuration file. */
export function filePath(folder: string) {
  return text('the name of a file').transform((name) => (isAbsolute(name) ? name : resolve(folder, name)));
}

/** The schema of a file name, bound to the folder of one configuration file. */
export type FilePath = ReturnType<typeof filePath>;

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*$/;

export function isHostName(value: string): boolean {
  return HOST_NAME.test(value);
}

/** An address or a name to listen on or to be reached at. */
export function host() {
  return text('an IP address or a host name', (value) => isIP(value) !== 0 || isHostName(value));
}

export function domainName() {
  return text('a domain name', (value) => isHostName(value) && !isIPv4(value));
}

/** A network in CIDR notation, or one address. */
export function network() {
  return text('an IP address or a network such as 10.0.0.0/8', (value) => {
    const slash = value.indexOf('/');
    if (slash < 0) return isIP(value) !== 0;
    const version = isIP(value.slice(0, slash));
    const prefix = value.slice(slash + 1);
    return version !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
  });
}

const SIP_HOST_PORT = /^sip:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?$/;

/** Where SIP goes: sip:host or sip:host:port. */
export function sipHostPort() {
  return text('a SIP address such as sip:192.0.2.1:5060', (value) => {
    const match = SIP_HOST_PORT.exec(value);
    if (match === null) return false;
    const [, name = '', portText] = match;
    const hostIsGood = name.startsWith('[') ? isIP(name.slice(1, -1)) === 6 : isIPv4(name) || isHostName(name);
    return hostIsGood && (portText === undefined || (Number(portText) >= 1 && Number(portText) <= 65535));
  });
}

export function url(...protocols: ('http' | 'https')[]) {
  const expected = `a URL that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`;
  return text(expected, (value) => {
    const parsed = URL.parse(value);
    return parsed !== null && protocols.some((protocol) => parsed.protocol === `${protocol}:`);
  });
}

/** Octets in hexadecimal. YAML reads digits without quotes as a number, so the words ask for quotes. */
export function hexadecimal(octets: number) {
  const form = new RegExp(`^[0-9A-Fa-f]{${octets * 2}}$`);
  return text(`${octets * 2} hexadecimal digits in quotes`, (value) => form.test(value));
}

/** A Ua security protocol identifier (TS 33.220 Annex H.3): five octets. */
export function uaSecurityProtocolId() {
  return hexadecimal(5).default('0300000003');
}

/** A SIP method or an event package: a token (RFC 3261 25.1). */
export function token(expected: string) {
  return text(expected, (value) => /^[A-Za-z0-9\-.!%*_+`'~]+$/.test(value));
}

/** Where a secret of 32 octets comes from; never from the configuration file itself. */
export function secretSource(file: FilePath) {
  return z.union(
    [
      section({ file: file.describe('File with the secret: 32 octets as 64 hexadecimal digits or base64.') }),
      section({
        environment: text('the name of an environment variable', (name) =>
          /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
        ).describe('Environment variable with the secret, in the same form.'),
      }),
    ],
    { error: 'either file or environment, and only one of them' },
  );
}

/** The server's side of TLS. */
export function tlsServer(file: FilePath) {
  return section({
    certificate: file.describe('PEM file: the certificate, followed by the ones that lead to its authority.'),
    privateKey: file.describe('PEM file: the private key of the certificate.'),
  });
}
