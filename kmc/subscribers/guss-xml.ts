import { XMLParser } from 'fast-xml-parser';
import type { BsfInfo, UserSecuritySetting, UserSecuritySettings } from './user-security-settings.ts';

/** A `guss` document, and whose it is. */
export interface Guss {
  readonly impi?: string;
  readonly settings: UserSecuritySettings;
}

/** The `guss` of TS 29.109 Annex A, as a HSS sends it over Zh. */
export function formatGuss({ impi, settings: { bsfInfo, ussList } }: Guss): string {
  const bsf =
    (bsfInfo.uiccType === undefined ? '' : element('uiccType', bsfInfo.uiccType)) +
    (bsfInfo.lifeTime === undefined ? '' : element('lifeTime', String(bsfInfo.lifeTime)));
  return (
    XML_DECLARATION +
    `<guss xmlns="${NAMESPACE}"${attribute('id', impi)}>` +
    (bsf === '' ? '' : `<bsfInfo>${bsf}</bsfInfo>`) +
    `<ussList>${ussList.map(formatUss).join('')}</ussList></guss>`
  );
}

/** The `ussList` of TS 29.109 Annex A, as a key centre sends it over Zn: it never tells `bsfInfo`. */
export function formatUssList(ussList: readonly UserSecuritySetting[]): string {
  return `${XML_DECLARATION}<ussList xmlns="${NAMESPACE}">${ussList.map(formatUss).join('')}</ussList>`;
}

/** Reads a `guss` by local names, whatever its namespace (the releases differ); undefined for what is none. */
export function parseGuss(xml: string): Guss | undefined {
  const guss = single(parseDocument(xml), 'guss');
  const list = single(guss, 'ussList');
  if (guss === undefined || list === undefined) return undefined;
  const bsfInfo = parseBsfInfo(single(guss, 'bsfInfo'));
  const ussList = parseUssElements(list);
  if (bsfInfo === undefined || ussList === undefined) return undefined;
  const impi = attributeOf(guss, 'id');
  return { ...(impi !== undefined && { impi }), settings: { bsfInfo, ussList } };
}

/** Reads a `ussList`, as {@link parseGuss} reads a `guss`. */
export function parseUssList(xml: string): UserSecuritySetting[] | undefined {
  const list = single(parseDocument(xml), 'ussList');
  return list === undefined ? undefined : parseUssElements(list);
}

/** Rel-9 and later; earlier releases had `guss-schema-of-3gpp-gaa`. */
const NAMESPACE = 'urn:3gpp:gba:GBAGUSSSchema-R9:2010-02';
const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const MAXIMUM_CHARACTERS = 262_144;

/** The spelling in XML is not confirmed by the schema's text. */
const KEY_CHOICES = [
  ['ME_BASED_KEY', 'ME-based-key'],
  ['UICC_BASED_KEY', 'UICC-based-key'],
  ['ME_UICC_BASED_KEYS', 'ME-UICC-based-keys'],
] as const;

/** An element as the parser gives it: child elements in lists, attributes under `@`. */
type XmlElement = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
});

function parseDocument(xml: string): XmlElement | undefined {
  // No schema here needs a document type, and entities of one's own only serve to swell.
  if (xml.length > MAXIMUM_CHARACTERS || xml.includes('<!DOCTYPE')) {
    return undefined;
  }
  try {
    // Deprecated in favour of a package of its own; without it, malformed documents are read as far as they go.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return asElement(parser.parse(xml, true));
  } catch {
    return undefined;
  }
}

function parseBsfInfo(element: XmlElement | undefined): BsfInfo | undefined {
  const uiccType = textOf(single(element, 'uiccType'));
  const lifeTime = textOf(single(element, 'lifeTime'));
  if (uiccType !== undefined && uiccType !== 'GBA' && uiccType !== 'GBA_U') return undefined;
  if (lifeTime !== undefined && count(lifeTime) === undefined) return undefined;
  return {
    ...(uiccType !== undefined && { uiccType }),
    ...(lifeTime !== undefined && { lifeTime: Number(lifeTime) }),
  };
}

function parseUssElements(list: XmlElement): UserSecuritySetting[] | undefined {
  const settings: UserSecuritySetting[] = [];
  for (const element of elements(list, 'uss')) {
    const uss = parseUss(element);
    if (uss === undefined) return undefined;
    settings.push(uss);
  }
  return settings;
}

function parseUss(element: XmlElement): UserSecuritySetting | undefined {
  const gsid = count(attributeOf(element, 'id'));
  const type = count(attributeOf(element, 'type'));
  const nafGroup = attributeOf(element, 'nafGroup');
  const uids = elements(single(element, 'uids') ?? {}, 'uid').map(textOf);
  const flags = elements(single(element, 'flags') ?? {}, 'flag').map((flag) => count(textOf(flag)));
  const spelling = textOf(single(element, 'keyChoice'));
  const keyChoice = KEY_CHOICES.find(([, xml]) => xml === spelling)?.[0];
  if (gsid === undefined || type === undefined || !isDefined(uids) || !isDefined(flags)) return undefined;
  if (spelling !== undefined && keyChoice === undefined) return undefined;
  return {
    gsid,
    type,
    ...(nafGroup !== undefined && { nafGroup }),
    uids,
    flags,
    ...(keyChoice !== undefined && { keyChoice }),
  };
}

function formatUss({ gsid, type, nafGroup, uids, flags, keyChoice }: UserSecuritySetting): string {
  const spelling = KEY_CHOICES.find(([name]) => name === keyChoice)?.[1];
  return (
    `<uss${attribute('id', String(gsid))}${attribute('type', String(type))}${attribute('nafGroup', nafGroup)}>` +
    `<uids>${uids.map((uid) => element('uid', uid)).join('')}</uids>` +
    `<flags>${flags.map((flag) => element('flag', String(flag))).join('')}</flags>` +
    (spelling === undefined ? '' : element('keyChoice', spelling)) +
    '</uss>'
  );
}

function single(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  const found = parent === undefined ? [] : elements(parent, name);
  return found.length === 1 ? found[0] : undefined;
}

function elements(parent: XmlElement, name: string): XmlElement[] {
  const children = Object.hasOwn(parent, name) ? parent[name] : undefined;
  if (!Array.isArray(children)) return [];
  return children.map((child: unknown) => asElement(child) ?? { '#text': child });
}

function textOf(element: XmlElement | undefined): string | undefined {
  const text = element?.['#text'];
  const value: unknown = Array.isArray(text) ? text[0] : text;
  return typeof value === 'string' ? value.trim() : undefined;
}

function attributeOf(element: XmlElement, name: string): string | undefined {
  const value = Object.hasOwn(element, `@${name}`) ? element[`@${name}`] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function asElement(value: unknown): XmlElement | undefined {
  return typeof value === 'object' && value !== null ? (value as XmlElement) : undefined;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}

function isDefined<T>(values: (T | undefined)[]): values is T[] {
  return values.every((value) => value !== undefined);
}

function element(name: string, text: string): string {
  return `<${name}>${escape(text)}</${name}>`;
}

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}="${escape(value)}"`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
