/** With more parameters than that, a table of their names is worth its price. */
const LONGEST_SEARCH = 16;

/**
 * Parameters of one header value or URI. There are few of them, so they stand in a list: to look through it takes less than to
 * build a hash table for each message.
 */
export class ParameterList implements ReadonlyMap<string, string | undefined> {
  readonly #names: string[] = [];
  readonly #values: (string | undefined)[] = [];
  #places: Map<string, number> | undefined;

  get size(): number {
    return this.#names.length;
  }

  /** Adds a parameter; false when there is one of that name. For who makes the list. */
  add(name: string, value: string | undefined): boolean {
    if (this.has(name)) return false;
    const place = this.#names.push(name) - 1;
    this.#values.push(value);
    if (place === LONGEST_SEARCH) this.#places = new Map(this.#names.map((one, index) => [one, index]));
    else this.#places?.set(name, place);
    return true;
  }

  get(name: string): string | undefined {
    const place = this.#placeOf(name);
    return place < 0 ? undefined : this.#values[place];
  }

  has(name: string): boolean {
    return this.#placeOf(name) >= 0;
  }

  /** @param index 0 up to but not including the size */
  nameAt(index: number): string {
    return this.#names[index] ?? '';
  }

  valueAt(index: number): string | undefined {
    return this.#values[index];
  }

  forEach(
    callback: (value: string | undefined, name: string, map: ReadonlyMap<string, string | undefined>) => void,
  ): void {
    for (const [name, value] of this) callback(value, name, this);
  }

  *entries(): MapIterator<[string, string | undefined]> {
    for (const [index, name] of this.#names.entries()) yield [name, this.#values[index]];
  }

  #placeOf(name: string): number {
    if (this.#places !== undefined) return this.#places.get(name) ?? -1;
    const names = this.#names;
    for (let index = 0; index < names.length; index++) if (names[index] === name) return index;
    return -1;
  }

  keys(): MapIterator<string> {
    return this.#names.values();
  }

  values(): MapIterator<string | undefined> {
    return this.#values.values();
  }

  [Symbol.iterator](): MapIterator<[string, string | undefined]> {
    return this.entries();
  }
}

/** Names that are met all the time, by their length. */
const BY_LENGTH = Array.from({ length: 10 }, (_, length) =>
  ['lr', 'ob', 'tag', 'ttl', 'user', 'keep', 'rport', 'maddr', 'branch', 'received', 'transport'].filter(
    (name) => name.length === length,
  ),
);

/** The lower-case name that stands in a text; one that is met all the time is always the same string. */
export function parameterName(text: string, start: number, end: number): string {
  for (const name of BY_LENGTH[end - start] ?? []) if (text.startsWith(name, start)) return name;
  return text.slice(start, end).toLowerCase();
}
