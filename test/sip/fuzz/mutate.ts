/** Gives numbers from 0 to 1. */
export type Random = () => number;

/** Octets, in Latin-1, that mean something to some reader. */
const PIECES = [
  '\r\n',
  '\r',
  '\n',
  '\r\n\r\n',
  '\r\n ',
  ' ',
  '\t',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  '\xa0',
  '\xff',
  '"',
  '\\',
  '\\"',
  '<',
  '>',
  ',',
  ';',
  '=',
  ':',
  '@',
  '?',
  '%',
  '%00',
  '%41',
  '%25',
  '25',
  '[',
  ']',
  '/',
  '*',
  '__proto__',
  'constructor',
  ';tag=x',
  ';branch=z9hG4bK',
  'SIP/2.0',
  'Content-Length: 4294967328\r\n',
  'l: 0\r\n',
  'f: <sip:a@b>\r\n',
  'Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n',
  'P-Asserted-Identity: <sip:boss@example.com>\r\n',
  '2147483648',
  '18446744073709551621',
  '-1',
] as const;

/** Longest result of a repetition, in octets: a datagram. */
const LONGEST = 60_000;

export function pick<T>(random: Random, list: readonly T[]): T {
  const item = list[Math.floor(random() * list.length)];
  if (item === undefined) throw new TypeError('nothing to pick from');
  return item;
}

/** Changes a text of the corpus in one to five places. */
export function mutate(random: Random, corpus: readonly string[]): string {
  let text = pick(random, corpus);
  const changes = 1 + Math.floor(random() * 5);
  for (let change = 0; change < changes; change++) text = pick(random, MUTATIONS)(text, random, corpus);
  return text.slice(0, LONGEST);
}

type Mutation = (text: string, random: Random, corpus: readonly string[]) => string;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(text, random) {
    const at = place(text, random);
    const code = (text.charCodeAt(at) || 0) ^ (1 << Math.floor(random() * 8));
    return text.slice(0, at) + String.fromCharCode(code & 0xff) + text.slice(at + 1);
  },
  function insertPiece(text, random) {
    const at = place(text, random);
    return text.slice(0, at) + pick(random, PIECES) + text.slice(at);
  },
  function replaceByPiece(text, random) {
    const at = place(text, random);
    return text.slice(0, at) + pick(random, PIECES) + text.slice(at + 1 + Math.floor(random() * 4));
  },
  function cutOut(text, random) {
    const at = place(text, random);
    return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 20));
  },
  function truncate(text, random) {
    return random() < 0.3 ? text.slice(0, place(text, random)) : text;
  },
  function splice(text, random, corpus) {
    const other = pick(random, corpus);
    return text.slice(0, place(text, random)) + other.slice(place(other, random));
  },
  function duplicateLine(text, random) {
    return editLines(text, random, (lines, at) => {
      lines.splice(place(text, random) % lines.length, 0, lines[at] ?? '');
    });
  },
  function swapLines(text, random) {
    return editLines(text, random, (lines, at) => {
      const other = Math.floor(random() * lines.length);
      [lines[at], lines[other]] = [lines[other] ?? '', lines[at] ?? ''];
    });
  },
  function dropLine(text, random) {
    return editLines(text, random, (lines, at) => {
      lines.splice(at, 1);
    });
  },
  function lineOfAnother(text, random, corpus) {
    const other = pick(random, pick(random, corpus).split('\r\n'));
    return editLines(text, random, (lines, at) => {
      lines.splice(at, 0, other);
    });
  },
  function repeatPiece(text, random) {
    if (random() < 0.7) return text;
    const at = place(text, random);
    const piece = random() < 0.5 ? pick(random, PIECES) : text.slice(at, at + 1 + Math.floor(random() * 12));
    const room = Math.max(0, LONGEST - text.length);
    const times = Math.floor((random() * room) / Math.max(1, piece.length));
    return text.slice(0, at) + piece.repeat(times) + text.slice(at);
  },
  function repeatNumbered(text, random) {
    if (random() < 0.9) return text;
    const at = place(text, random);
    const separator = pick(random, [';', ',', '&', '\r\nX-', '\r\n ', ' ', '=', '?']);
    const times = Math.floor(random() * 8000);
    let more = '';
    for (let index = 0; index < times; index++) more += separator + index.toString(36);
    return text.slice(0, at) + more + text.slice(at);
  },
];

function place(text: string, random: Random): number {
  return Math.floor(random() * (text.length + 1));
}

function editLines(text: string, random: Random, edit: (lines: string[], at: number) => void): string {
  const lines = text.split('\r\n');
  edit(lines, Math.floor(random() * lines.length));
  return lines.join('\r\n');
}
