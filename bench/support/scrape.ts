import { readFile } from 'node:fs/promises';

/** Numbers by the name of their series, labels included, as Prometheus writes it. */
export type Scrape = ReadonlyMap<string, number>;

export async function scrape(url: string): Promise<Scrape> {
  const text = await (await fetch(url)).text();
  const series = new Map<string, number>();
  for (const line of text.split('\n')) {
    const space = line.lastIndexOf(' ');
    if (space > 0 && !line.startsWith('#')) series.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return series;
}

/** What one counter of a group says; 0 where it is not there. */
export function counted(series: Scrape, name: string, label: string, value: string): number {
  return series.get(`${name}{${label}="${value}"}`) ?? 0;
}

/** Datagrams that the kernel dropped for want of room in the buffer of the socket on that port (column `drops` of proc_net_udp). */
export async function kernelDrops(port: number): Promise<number> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops = 0;
  for (const line of (await readFile('/proc/net/udp', 'utf8')).split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(suffix) === true) drops += Number(fields.at(-1));
  }
  return drops;
}
