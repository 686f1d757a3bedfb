/** A header field as whoever reads a message sees it. */
export interface HeaderField {
  /** Canonical spelling. */
  readonly name: string;
  /** Unfolded and trimmed. */
  readonly value: string;
}

const NOT_DECODED = Symbol('not decoded');

/**
 * One header field of a message: a line of the text that came in, or what was put in its place. It never changes, so that a
 * message, its copies and the responses to it share it, with whatever has been decoded of it.
 */
export class Field implements HeaderField {
  readonly name: string;
  /** The text whose part from `start` to `end` is this field as it goes out, with its line break; empty where there is none. */
  readonly source: string;
  readonly start: number;
  readonly end: number;
  #value: string | undefined;
  #decoded: unknown = NOT_DECODED;

  private constructor(name: string, value: string | undefined, source: string, start: number, end: number) {
    this.name = name;
    this.#value = value;
    this.source = source;
    this.start = start;
    this.end = end;
  }

  /** A field that no text has: `value` is unfolded, trimmed and without a line break. */
  static of(name: string, value: string): Field {
    return new Field(name, value, '', 0, 0);
  }

  /** The same, with what its reader would make of it. */
  static decoded(name: string, value: string, decoded: unknown): Field {
    const field = Field.of(name, value);
    field.#decoded = decoded;
    return field;
  }

  /**
   * The line of `source` from `start` to `end`, which reads `name: value` and a line break, and nothing else.
   *
   * @param value cut out when it is asked for where absent
   */
  static inText(name: string, source: string, start: number, end: number, value?: string): Field {
    return new Field(name, value, source, start, end);
  }

  get value(): string {
    this.#value ??= this.source.slice(this.start + this.name.length + 2, this.end - 2);
    return this.#value;
  }

  /** What `reader` makes of the value; it is asked once. One field has one kind of value, and so one reader. */
  decode<Decoded>(reader: (value: string) => Decoded): Decoded {
    if (this.#decoded === NOT_DECODED) this.#decoded = reader(this.value);
    return this.#decoded as Decoded;
  }
}
