/** What the engine knows of a header field name. */
export interface HeaderName {
  /** The spelling that goes out. */
  readonly canonical: string;
  /** A bit of its own for a header that may stand once only; 0 for the others. */
  readonly singletonBit: number;
  /** True for a header whose value is looked at character by character in every message that has it. */
  readonly isRead: boolean;
}

/** Headers of which a second field would let two readers see two messages (RFC 3261 7.3.1, and the list of table 2). */
const SINGLETONS = [
  'Call-ID',
  'Content-Disposition',
  'Content-Length',
  'Content-Type',
  'CSeq',
  'Date',
  'Event',
  'Expires',
  'From',
  'Max-Forwards',
  'MIME-Version',
  'Min-Expires',
  'Organization',
  'Priority',
  'RAck',
  'Refer-To',
  'Referred-By',
  'Replaces',
  'Reply-To',
  'Retry-After',
  'RSeq',
  'Server',
  'Session-Expires',
  'Min-SE',
  'SIP-ETag',
  'SIP-If-Match',
  'Subject',
  'Subscription-State',
  'Timestamp',
  'To',
  'User-Agent',
] as const;

const REPEATABLE = [
  'Accept',
  'Accept-Contact',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Allow-Events',
  'Authentication-Info',
  'Authorization',
  'Call-Info',
  'Contact',
  'Content-Encoding',
  'Content-ID',
  'Content-Language',
  'Error-Info',
  'Geolocation',
  'Geolocation-Error',
  'Geolocation-Routing',
  'History-Info',
  'In-Reply-To',
  'P-Access-Network-Info',
  'P-Asserted-Identity',
  'P-Asserted-Service',
  'P-Charging-Function-Addresses',
  'P-Charging-Vector',
  'P-Preferred-Identity',
  'P-Preferred-Service',
  'P-Profile-Key',
  'P-Served-User',
  'P-User-Database',
  'P-Visited-Network-ID',
  'Path',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'Proxy-Require',
  'Reason',
  'Record-Route',
  'Reject-Contact',
  'Remote-Party-ID',
  'Request-Disposition',
  'Require',
  'Route',
  'Security-Client',
  'Security-Server',
  'Security-Verify',
  'Service-Route',
  'Supported',
  'Unsupported',
  'Via',
  'Warning',
  'WWW-Authenticate',
] as const;

/** What the parser, the transactions and digest look into. */
const READ: ReadonlySet<string> = new Set([
  'Authorization',
  'CSeq',
  'Call-ID',
  'Contact',
  'From',
  'Proxy-Authorization',
  'To',
  'Via',
]);

/** The registered compact forms (RFC 3261 7.3.3 and the IANA registry of SIP header fields). */
const COMPACT_FORMS: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
};

const KNOWN = buildTable();

/** A power of two. */
const SHAPES = 1024;

/** The name of each shape. */
const BY_SHAPE = buildShapes();

/**
 * Stands for a name that spells a known one with escapes: `F%72om` is a token, and to RFC 3261 no more than an unknown name,
 * but some readers undo escapes there and would see a second From.
 */
export const ALIAS: HeaderName = { canonical: '', singletonBit: 0, isRead: false };

/** RFC 4475 3.1.1.5 wants `C%6Fntact` forwarded as the unknown name that it is; a second Contact claims no identity. */
const HARMLESS_ALIAS = 'Contact';

/**
 * Looks a header field name up, whatever its case or form.
 *
 * @param name a token (RFC 3261 25.1); the caller has checked its characters
 */
export function headerName(name: string): HeaderName {
  return KNOWN.get(name) ?? KNOWN.get(name.toLowerCase()) ?? unknownName(name);
}

/**
 * The same for a name that stands in a text, where it is spelt as it goes out: nothing is cut out or hashed. Undefined for every
 * other name, known or not.
 */
export function canonicalNameAt(text: string, start: number, end: number): HeaderName | undefined {
  const candidate = BY_SHAPE[shapeOf(text, start, end)];
  if (candidate?.canonical.length !== end - start) return undefined;
  return text.startsWith(candidate.canonical, start) ? candidate : undefined;
}

/** Length, first, third and last character tell all known names apart, with these factors; a test says when that ends. */
function shapeOf(text: string, start: number, end: number): number {
  const third = end - start > 2 ? start + 2 : end - 1;
  const characters = text.charCodeAt(start) + text.charCodeAt(end - 1) + text.charCodeAt(third) * 9;
  return (characters + (end - start) * 17) & (SHAPES - 1);
}

function unknownName(name: string): HeaderName {
  if (name.includes('%')) {
    const undone = undoEscapes(name);
    if (undone === undefined) return ALIAS;
    const known = KNOWN.get(undone.toLowerCase());
    if (known !== undefined && known.canonical !== HARMLESS_ALIAS) return ALIAS;
  }
  return { canonical: trainCase(name), singletonBit: 0, isRead: false };
}

/** How many readers in a row may each undo an escape. */
const ROUNDS = 4;

/** As often as there is something to undo; undefined when that takes more rounds than any chain of readers would. */
function undoEscapes(name: string): string | undefined {
  let before = name;
  for (let round = 0; round < ROUNDS; round++) {
    const after = before.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
    if (after === before) return after;
    before = after;
  }
  return undefined;
}

function buildTable(): ReadonlyMap<string, HeaderName> {
  const table = new Map<string, HeaderName>();
  const add = (canonical: string, singletonBit: number): void => {
    const entry: HeaderName = { canonical, singletonBit, isRead: READ.has(canonical) };
    table.set(canonical, entry);
    table.set(canonical.toLowerCase(), entry);
  };
  SINGLETONS.forEach((canonical, index) => {
    add(canonical, 2 ** index);
  });
  for (const canonical of REPEATABLE) add(canonical, 0);
  for (const [compact, canonical] of Object.entries(COMPACT_FORMS)) {
    const entry = table.get(canonical.toLowerCase()) ?? { canonical, singletonBit: 0, isRead: false };
    table.set(compact, entry);
    table.set(compact.toUpperCase(), entry);
  }
  return table;
}

function buildShapes(): readonly (HeaderName | undefined)[] {
  const shapes = new Array<HeaderName | undefined>(SHAPES).fill(undefined);
  for (const entry of new Set(KNOWN.values())) shapes[shapeOf(entry.canonical, 0, entry.canonical.length)] ??= entry;
  return shapes;
}

/** Every known name as it goes out. */
export const CANONICAL_NAMES: readonly string[] = [...SINGLETONS, ...REPEATABLE];

/** `x-my-header` to `X-My-Header`: an unknown name has one spelling too, so that it cannot dodge a rule. */
function trainCase(name: string): string {
  return name
    .toLowerCase()
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('-');
}
