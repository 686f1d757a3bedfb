import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { OsgateError } from '../errors.ts';
import { formatKeyPath, type Problem, problemsOf } from './problems.ts';
import { type Config, configSchema } from './schema.ts';

/**
 * Reads, checks and freezes a configuration file; every default is filled in, every file name in it absolute.
 *
 * @throws OsgateError OSGATE_CONFIG_UNREADABLE when the file cannot be read or is not YAML; OSGATE_CONFIG_INVALID when
 * it says what it may not, with one line a problem: all of them, each naming file, line, key, what was found and what
 * was expected. No secret is ever part of the message.
 */
export async function loadConfig(path: string): Promise<Config> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OsgateError('OSGATE_CONFIG_UNREADABLE', `${path}: cannot be read (${reason})`, { cause: error });
  }
  return parseConfig(source, path);
}

/** As {@link loadConfig}, for a text that is at hand; `path` is where it came from. */
export function parseConfig(source: string, path: string): Config {
  const name = basename(path);
  const lines = new LineCounter();
  // Pretty errors quote the source, which may hold a secret.
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const faults = document.errors.map(
      ({ code, pos }) => `${name}:${lines.linePos(pos[0]).line}: is not YAML (${code})`,
    );
    throw new OsgateError('OSGATE_CONFIG_UNREADABLE', faults.join('\n'));
  }
  const input = toPlain(document, name);

  const result = schemaFor(dirname(resolve(path))).safeParse(input ?? {});
  if (!result.success) {
    const problems = problemsOf(result.error.issues, input).map((problem) =>
      formatProblem(problem, name, document, lines),
    );
    throw new OsgateError('OSGATE_CONFIG_INVALID', [...new Set(problems)].join('\n'));
  }
  return deepFreeze(result.data);
}

let known: { readonly folder: string; readonly schema: ReturnType<typeof configSchema> } | undefined;

/** Building a schema takes longer than using it, and a gateway that reads its configuration again should not stand still. */
function schemaFor(folder: string): ReturnType<typeof configSchema> {
  if (known?.folder !== folder) known = { folder, schema: configSchema(folder) };
  return known.schema;
}

function toPlain(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // Aliases that multiply beyond the parser's bound, or that point nowhere.
    throw new OsgateError('OSGATE_CONFIG_UNREADABLE', `${name}: is not YAML (aliases cannot be resolved)`, {
      cause: error,
    });
  }
}

function formatProblem({ path, text }: Problem, name: string, document: Document.Parsed, lines: LineCounter): string {
  const line = lineOf(path, document, lines);
  const place = line === undefined ? name : `${name}:${line}`;
  const key = formatKeyPath(path);
  return key === '' ? `${place}: ${text}` : `${place}: ${key}: ${text}`;
}

/** The line of a key, or of the nearest group round it that is there. */
function lineOf(path: readonly PropertyKey[], document: Document.Parsed, lines: LineCounter): number | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const entry of Object.values(value)) deepFreeze(entry);
  }
  return value;
}
