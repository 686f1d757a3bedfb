/** One subject alternative name (RFC 5280 4.2.1.6). */
export interface SubjectAltName {
  /** `URI`, `DNS`, `email`, `IP Address`, and others as node:crypto has them. */
  readonly kind: string;
  readonly value: string;
}

/**
 * Takes `X509Certificate.subjectAltName` apart: `kind:value`, separated by comma and blank. A value with a character that could
 * be taken for a separator is written as a JSON string, so that nobody can put a name into another one.
 */
export function subjectAltNames(text: string | undefined): SubjectAltName[] {
  const names: SubjectAltName[] = [];
  let rest = text ?? '';
  while (rest !== '') {
    const colon = rest.indexOf(':');
    if (colon < 0) return names;
    const kind = rest.slice(0, colon);
    rest = rest.slice(colon + 1);
    let value: string;
    if (rest.startsWith('"')) {
      const end = endOfString(rest);
      const parsed = end < 0 ? undefined : parseString(rest.slice(0, end));
      if (parsed === undefined) return names;
      value = parsed;
      rest = rest.slice(end);
    } else {
      const comma = rest.indexOf(', ');
      value = comma < 0 ? rest : rest.slice(0, comma);
      rest = comma < 0 ? '' : rest.slice(comma);
    }
    names.push({ kind, value });
    if (rest === '') return names;
    if (!rest.startsWith(', ')) return names;
    rest = rest.slice(2);
  }
  return names;
}

/** Behind the closing quote of the JSON string at the beginning; -1 when there is none. */
function endOfString(text: string): number {
  for (let index = 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === '"') return index + 1;
  }
  return -1;
}

function parseString(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
