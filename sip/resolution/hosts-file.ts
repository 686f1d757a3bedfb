import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

/** Octets of a hosts file that are read; what stands behind is not known. */
const MAXIMUM_OCTETS = 1024 * 1024;

/** The names of a hosts file, such as /etc/hosts, read again when what is known is older than `maximumAgeMilliseconds`. */
export class HostsFile {
  readonly #path: string;
  readonly #maximumAge: number;
  #names: ReadonlyMap<string, readonly string[]> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, maximumAgeMilliseconds: number) {
    this.#path = path;
    this.#maximumAge = maximumAgeMilliseconds;
  }

  /** The addresses of a name, in the order of the file. A file that cannot be read has none. */
  async addresses(name: string): Promise<readonly string[]> {
    if (performance.now() - this.#readAt > this.#maximumAge) {
      this.#names = parseHosts(await this.#read());
      this.#readAt = performance.now();
    }
    return this.#names.get(name.toLowerCase()) ?? [];
  }

  async #read(): Promise<string> {
    try {
      return (await readFile(this.#path, 'latin1')).slice(0, MAXIMUM_OCTETS);
    } catch {
      return '';
    }
  }
}

/** Lines of an address and its names, with comments behind `#`; what has another form is passed over. */
export function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...aliases] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const alias of aliases) {
      const known = names.get(alias.toLowerCase());
      if (known === undefined) names.set(alias.toLowerCase(), [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return names;
}
