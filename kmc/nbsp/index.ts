export { NbspClient, type NbspClientOptions } from './nbsp-client.ts';
export { BOOTSTRAPPING_INFO_PATH } from './nbsp-schema.ts';
export { NbspServer, type NbspServerOptions } from './nbsp-server.ts';
