/** Milliseconds that a parser may take for each kilobyte, and for what is smaller than one. */
const MILLISECONDS_PER_KILOBYTE = 1;

/** How often a slow input gets another chance. The fastest run counts, in time of the processor and not of the clock. */
const ATTEMPTS = 8;

/** Throws when reading takes longer than its size allows. */
export function checkTime(text: string, read: (text: string) => unknown): void {
  const allowed = Math.max(1, text.length / 1024) * MILLISECONDS_PER_KILOBYTE;
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && fastest > allowed; attempt++) {
    const start = process.threadCpuUsage();
    read(text);
    const { user, system } = process.threadCpuUsage(start);
    fastest = Math.min(fastest, (user + system) / 1000);
  }
  if (fastest > allowed) {
    throw new Error(`took ${fastest.toFixed(2)} ms for ${text.length} octets, ${allowed.toFixed(2)} ms are allowed`);
  }
}
