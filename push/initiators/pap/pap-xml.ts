import { XMLParser } from 'fast-xml-parser';

/** An element as the parser gives it: child elements in lists, attributes under `@`. */
export type XmlElement = Readonly<Record<string, unknown>>;

const MAXIMUM_CHARACTERS = 65_536;

/** A document type with no declarations of its own: entities only serve to swell, or to read what is none of theirs. */
const DOCUMENT_TYPE = /<!DOCTYPE[^[<>]{0,512}>/;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  // The five that XML has, and characters by number.
  processEntities: true,
  htmlEntities: false,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
});

/** The element `pap` of a document; undefined for what is none. */
export function readPapElement(xml: string): XmlElement | undefined {
  if (xml.length > MAXIMUM_CHARACTERS) return undefined;
  const plain = xml.replace(DOCUMENT_TYPE, '');
  if (plain.includes('<!')) return undefined;
  try {
    // Deprecated in favour of a package of its own; without it, malformed documents are read as far as they go.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const document = asElement(parser.parse(plain, true));
    return document === undefined ? undefined : onlyChild(document, 'pap');
  } catch {
    return undefined;
  }
}

/** The names of the child elements. */
export function childNames(element: XmlElement): string[] {
  return Object.keys(element).filter((name) => !name.startsWith('@') && name !== '#text' && !name.startsWith('?'));
}

export function children(element: XmlElement, name: string): XmlElement[] {
  const list: unknown = element[name];
  if (!Array.isArray(list)) return [];
  // An element without anything in it is the empty string.
  return list.map((child: unknown) => asElement(child) ?? {});
}

/** Undefined when there is none, or more than one. */
export function onlyChild(element: XmlElement, name: string): XmlElement | undefined {
  const [child, ...others] = children(element, name);
  return others.length === 0 ? child : undefined;
}

export function attributeOf(element: XmlElement, name: string): string | undefined {
  const value: unknown = element[`@${name}`];
  return typeof value === 'string' ? value : undefined;
}

/** ` name="value"`, or nothing for a value that is absent. */
export function attribute(name: string, value: string | number | undefined): string {
  return value === undefined ? '' : ` ${name}="${escapeAttribute(String(value))}"`;
}

function escapeAttribute(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(FORBIDDEN, '\uFFFD')
    .replaceAll(/[\t\n\r]/g, ' ');
}

/** What XML cannot carry at all. */

const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function asElement(value: unknown): XmlElement | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as XmlElement) : undefined;
}
