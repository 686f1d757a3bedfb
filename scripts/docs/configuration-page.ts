import { z } from 'zod';
import { configSchema } from '../../lib/config/schema.ts';

/** The parts of JSON Schema that zod writes for our schema. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly expected?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** One row: a key by its full path. */
interface Row {
  readonly key: string;
  readonly value: string;
  readonly standard: string;
  readonly description: string;
}

/** docs/configuration.md */
export function configurationPage(): string {
  // In JSON Schema the input side has the defaults and none of the transformations.
  const root = z.toJSONSchema(configSchema('/'), { io: 'input', unrepresentable: 'any' }) as Schema;
  const sections = Object.entries(root.properties ?? {}).map(([name, schema]) => {
    const rows = rowsOf(name, schema);
    const table = rows.map((row) => `| \`${row.key}\` | ${row.value} | ${row.standard} | ${row.description} |`);
    return [
      `## ${name}`,
      '',
      schema.description ?? '',
      '',
      '| Key | Value | Default | Meaning |',
      '|---|---|---|---|',
      ...table,
    ].join('\n');
  });
  return `<!-- Made from the schema by \`npm run docs\`; do not edit. -->

# Configuration

One YAML file configures every command; each reads its own section. \`osgate check -c osgate.yaml\` says what is wrong with a
file, and \`--print\` shows it with every default filled in. An unknown key is an error, never ignored. Relative file names are
relative to the folder of the configuration file. Durations have their unit in the name. \`[]\` after a key means that it is
one entry of a list. "Required" means required when the group round it is there. [Quick start](quick-start.md) has an example.

${sections.join('\n\n')}
`;
}

function rowsOf(prefix: string, schema: Schema): Row[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, entry]) => {
    const key = `${prefix}.${name}`;
    const standard = entry.default !== undefined ? defaultOf(entry) : required.has(name) ? 'required' : '';
    const own: Row = { key, value: valueOf(entry), standard, description: entry.description ?? '' };
    return [own, ...innerRows(key, entry)];
  });
}

function innerRows(key: string, schema: Schema): Row[] {
  if (schema.items) return innerRows(`${key}[]`, schema.items);
  const options = schema.oneOf ?? schema.anyOf;
  if (options === undefined) return rowsOf(key, schema);
  return options.flatMap((option) => {
    const type = option.properties?.['type']?.enum?.[0];
    const rows = rowsOf(key, option);
    if (typeof type !== 'string')
      return rows.map((row) => (row.standard === 'required' ? { ...row, standard: 'one of these' } : row));
    return rows.map((row) =>
      row.key === `${key}.type`
        ? { ...row, value: `\`${type}\`` }
        : { ...row, description: `(\`${type}\`) ${row.description}` },
    );
  });
}

/** Groups say so by the rows that follow, and defaults of groups are those of their keys. */
function defaultOf({ default: value }: Schema): string {
  const empty = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
  return empty ? '' : `\`${JSON.stringify(value)}\``;
}

function valueOf(schema: Schema): string {
  if (schema.expected !== undefined) return schema.expected;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.items) return `list of: ${valueOf(schema.items)}`;
  if (schema.oneOf ?? schema.anyOf ?? schema.properties) return 'group';
  if (schema.type === 'integer') return `${schema.minimum ?? ''} to ${schema.maximum ?? ''}`;
  return schema.type === 'boolean' ? '`true`, `false`' : (schema.type ?? '');
}
