import { XMLParser } from 'fast-xml-parser';

/** A location out of a PIDF-LO document (RFC 4119, RFC 5491): a point or a circle in WGS 84. */
export interface Location {
  /** The presentity, such as pres:bob@example.com. */
  readonly entity: string;
  /** Degrees, north positive. */
  readonly latitude: number;
  /** Degrees, east positive. */
  readonly longitude: number;
  /** Metres, for a circle. */
  readonly radius?: number;
  /** How the position was found (RFC 4119 2.2.1). */
  readonly method?: string;
  /** As written (RFC 3339). */
  readonly timestamp?: string;
}

const PARSER = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
});

/** Longer documents are not locations of one target. */
const MAXIMUM_DOCUMENT_CHARACTERS = 65_535;

/** Every location in a document; none for what is not PIDF-LO or has shapes other than Point and Circle. */
export function parsePidfLo(document: string): Location[] {
  if (document.length > MAXIMUM_DOCUMENT_CHARACTERS) return [];
  let root: unknown;
  try {
    root = PARSER.parse(document);
  } catch {
    return [];
  }
  const presence = child(root, 'presence');
  const entity = text(child(presence, '@entity')) ?? '';
  return ['tuple', 'device', 'person']
    .flatMap((name) => list(child(presence, name)))
    .flatMap((element) => {
      const geopriv = child(child(element, 'status') ?? element, 'geopriv') ?? child(element, 'geopriv');
      const location = readLocation(child(geopriv, 'location-info'));
      if (location === undefined) return [];
      const method = text(child(geopriv, 'method'));
      const timestamp = text(child(element, 'timestamp'));
      return [
        {
          entity,
          ...location,
          ...(method === undefined ? {} : { method }),
          ...(timestamp === undefined ? {} : { timestamp }),
        },
      ];
    });
}

function readLocation(info: unknown): Pick<Location, 'latitude' | 'longitude' | 'radius'> | undefined {
  const circle = child(info, 'Circle');
  const position =
    text(child(circle ?? child(info, 'Point'), 'pos'))
      ?.trim()
      .split(/\s+/) ?? [];
  const latitude = degrees(position[0], 90);
  const longitude = degrees(position[1], 180);
  if (latitude === undefined || longitude === undefined) return undefined;
  const radius = Number(text(child(circle, 'radius')) ?? Number.NaN);
  return { latitude, longitude, ...(Number.isFinite(radius) ? { radius } : {}) };
}

function degrees(value: string | undefined, limit: number): number | undefined {
  const number = value === undefined || value === '' ? Number.NaN : Number(value);
  return Math.abs(number) <= limit ? number : undefined;
}

function child(node: unknown, name: string): unknown {
  const parent: unknown = Array.isArray(node) ? node[0] : node;
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, name)) return undefined;
  return (parent as Record<string, unknown>)[name];
}

function list(node: unknown): unknown[] {
  if (node === undefined) return [];
  return Array.isArray(node) ? node : [node];
}

/** The text of an element, whether it has attributes or not. */
function text(node: unknown): string | undefined {
  if (typeof node === 'string') return node;
  const content = child(node, '#text');
  return typeof content === 'string' ? content : undefined;
}
