export { messagePackCodec, sealedCodec, type Box, type Codec } from './codec.ts';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
export type { Store } from './store.ts';
export { writePrivateFile } from './write-private-file.ts';
