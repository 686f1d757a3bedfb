import { XMLParser } from 'fast-xml-parser';

/** The MIME type of the document (TS 24.109 Annex C). */
export const BOOTSTRAPPING_INFO_TYPE = 'application/vnd.3gpp.bsf+xml';

/** What the key centre tells the agent at the end of a run (TS 24.109 C.1). */
export interface BootstrappingInfoDocument {
  readonly btid: string;
  /** End of the keys, in milliseconds since 1970-01-01T00:00:00Z on the key centre's clock. */
  readonly expiresAt: number;
  /** The key centre's clock, where it tells. */
  readonly currentTime?: number;
}

/** One line, lifetime in whole seconds UTC. */
export function formatBootstrappingInfo({ btid, expiresAt }: BootstrappingInfoDocument): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?><BootstrappingInfo xmlns="uri:3gpp-gba">' +
    `<btid>${escapeXml(btid)}</btid><lifetime>${formatTime(expiresAt)}</lifetime></BootstrappingInfo>`
  );
}

/** Reads the document by local names, leaving what it does not know; undefined when B-TID or lifetime is not there. */
export function parseBootstrappingInfo(xml: string): BootstrappingInfoDocument | undefined {
  if (xml.length > MAXIMUM_CHARACTERS) return undefined;
  let root: unknown;
  try {
    root = PARSER.parse(xml);
  } catch {
    return undefined;
  }
  const info = child(root, 'BootstrappingInfo');
  const btid = child(info, 'btid');
  const expiresAt = readTime(child(info, 'lifetime'));
  const currentTime = readTime(child(child(info, 'Extension'), 'currenttime'));
  if (typeof btid !== 'string' || btid === '' || expiresAt === undefined) return undefined;
  return { btid, expiresAt, ...(currentTime === undefined ? {} : { currentTime }) };
}

const MAXIMUM_CHARACTERS = 65_536;

const PARSER = new XMLParser({ removeNSPrefix: true, parseTagValue: false, processEntities: true });

/** xs:dateTime in UTC; fractions of a second occur in the field. */
function readTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value.trim())) return undefined;
  const time = Date.parse(value.trim());
  return Number.isNaN(time) ? undefined : time;
}

function formatTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function child(node: unknown, name: string): unknown {
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, name)) return undefined;
  return (node as Record<string, unknown>)[name];
}
