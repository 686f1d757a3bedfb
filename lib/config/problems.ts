import type { z } from 'zod';
import { closest } from './closest.ts';
import { holdsSecret, MASK } from './secrets.ts';

/** One thing that is wrong with a configuration. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  /** What was found and what was expected, without the name of the key. */
  readonly text: string;
}

/** What the schema found wrong with `input`, each with the key it is about, in the words of an operator. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], input: unknown): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      // The error text of a section is the list of the keys it knows (values.ts).
      const known = issue.message.split(',');
      return issue.keys.map((key) => ({ path: [...issue.path, key], text: unknownKey(key, known) }));
    }
    if (issue.code === 'invalid_key' || issue.code === 'invalid_element') return problemsOf(issue.issues, input);
    const inner = issue.code === 'invalid_union' ? groupMeant(issue, valueAt(input, issue.path)) : undefined;
    if (inner !== undefined) return problemsOf(inner, input);
    const found = valueAt(input, issue.path);
    if (found === undefined) return [{ path: issue.path, text: `is missing, expected ${issue.message}` }];
    const shown = holdsSecret(issue.path, found) ? MASK : describeValue(found);
    return [{ path: issue.path, text: `found ${shown}, expected ${issue.message}` }];
  });
}

/** gateway.sec1.sip[0].port */
export function formatKeyPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text;
}

/** What is wrong with a group of keys where only one of the forms allowed is a group: that one was meant. */
function groupMeant(issue: z.core.$ZodIssueInvalidUnion, found: unknown): z.core.$ZodIssue[] | undefined {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
  const forms = issue.errors.filter((issues) =>
    issues.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  );
  const [only] = forms;
  if (only === undefined || forms.length > 1) return undefined;
  return only.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function unknownKey(key: string, known: readonly string[]): string {
  const suggestion = closest(key, known);
  const advice = suggestion === undefined ? `known keys are ${known.join(', ')}` : `did you mean "${suggestion}"?`;
  return `is an unknown key, ${advice}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

const LONGEST_SHOWN = 80;

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value === null) return 'nothing';
  if (typeof value === 'object') return 'a group of keys';
  const shown = JSON.stringify(value);
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}...` : shown;
}
