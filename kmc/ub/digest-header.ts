/** Parameters of a digest header, by lower-case name, without quotes and escapes. */
export type DigestParameters = ReadonlyMap<string, string>;

/**
 * Reads `Digest name=value, name="value"` or, for Authentication-Info, the parameters alone (RFC 7616 3.3 to 3.5).
 * Unknown parameters are kept; undefined for another scheme, a wrong form, or a parameter that comes twice.
 */
export function parseDigestHeader(value: string, scheme: 'Digest' | 'none' = 'Digest'): DigestParameters | undefined {
  let position = 0;
  if (scheme === 'Digest') {
    const start = /^Digest[ \t]+/i.exec(value);
    if (start === null) return undefined;
    position = start[0].length;
  }
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = position;
  while (position < value.length) {
    PARAMETER.lastIndex = position;
    const match = PARAMETER.exec(value);
    if (match === null) return undefined;
    const name = (match[1] ?? '').toLowerCase();
    if (parameters.has(name)) return undefined;
    parameters.set(name, match[3] ?? (match[2] ?? '').replace(/\\(.)/g, '$1'));
    position = PARAMETER.lastIndex;
  }
  return parameters;
}

/** Writes parameters in the given order; those in `bare` without quotes (TS 24.109 Annex A). */
export function formatDigestParameters(
  parameters: Readonly<Record<string, string | undefined>>,
  bare: ReadonlySet<string>,
): string {
  return Object.entries(parameters)
    .flatMap(([name, value]) => {
      if (value === undefined) return [];
      return bare.has(name) ? [`${name}=${value}`] : [`${name}="${value.replace(/["\\]/g, '\\$&')}"`];
    })
    .join(', ');
}

/** One parameter and the comma behind it; linear, since no two parts can match the same character. */
const PARAMETER = /[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))[ \t]*(?:,[ \t]*|$)/y;
