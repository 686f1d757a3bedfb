/** One parameter, and the one behind it. */
export interface Parameter {
  readonly name: string;
  readonly value: string | undefined;
  next: Parameter | undefined;
}

/** With more parameters than that, a table of their names is worth its price. */
const LONGEST_SEARCH = 16;

/**
 * Parameters of one header value or URI. There are two or three of them, so they stand in a chain: that takes a fifth of the
 * memory that a hash table or even an array has at the least.
 */
export class ParameterList implements ReadonlyMap<string, string | undefined> {
  #first: Parameter | undefined;
  #last: Parameter | undefined;
  #size = 0;
  #table: Map<string, Parameter> | undefined;

  get size(): number {
    return this.#size;
  }

  /** The parameter in front, for who looks at all of them often. */
  get first(): Parameter | undefined {
    return this.#first;
  }

  /** Adds a parameter; false when there is one of that name. For who makes the list. */
  add(name: string, value: string | undefined): boolean {
    if (this.#find(name) !== undefined) return false;
    const parameter: Parameter = { name, value, next: undefined };
    if (this.#last === undefined) this.#first = parameter;
    else this.#last.next = parameter;
    this.#last = parameter;
    this.#size++;
    if (this.#size === LONGEST_SEARCH) this.#table = this.#tabulate();
    else this.#table?.set(name, parameter);
    return true;
  }

  get(name: string): string | undefined {
    return this.#find(name)?.value;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  forEach(
    callback: (value: string | undefined, name: string, map: ReadonlyMap<string, string | undefined>) => void,
  ): void {
    for (let one = this.#first; one !== undefined; one = one.next) callback(one.value, one.name, this);
  }

  *entries(): MapIterator<[string, string | undefined]> {
    for (let one = this.#first; one !== undefined; one = one.next) yield [one.name, one.value];
  }

  *keys(): MapIterator<string> {
    for (let one = this.#first; one !== undefined; one = one.next) yield one.name;
  }

  *values(): MapIterator<string | undefined> {
    for (let one = this.#first; one !== undefined; one = one.next) yield one.value;
  }

  [Symbol.iterator](): MapIterator<[string, string | undefined]> {
    return this.entries();
  }

  #find(name: string): Parameter | undefined {
    if (this.#table !== undefined) return this.#table.get(name);
    let one = this.#first;
    while (one !== undefined && one.name !== name) one = one.next;
    return one;
  }

  #tabulate(): Map<string, Parameter> {
    const table = new Map<string, Parameter>();
    for (let one = this.#first; one !== undefined; one = one.next) table.set(one.name, one);
    return table;
  }
}

/** Names that are met all the time, by their length. */
const BY_LENGTH = Array.from({ length: 10 }, (_, length) =>
  ['lr', 'ob', 'tag', 'ttl', 'user', 'keep', 'rport', 'maddr', 'branch', 'received', 'transport'].filter(
    (name) => name.length === length,
  ),
);

const NONE: readonly string[] = [];

/** The lower-case name that stands in a text; one that is met all the time is always the same string. */
export function parameterName(text: string, start: number, end: number): string {
  const names = end - start < BY_LENGTH.length ? (BY_LENGTH[end - start] ?? NONE) : NONE;
  for (const name of names) if (text.startsWith(name, start)) return name;
  return text.slice(start, end).toLowerCase();
}
