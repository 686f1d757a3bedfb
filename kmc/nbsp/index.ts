export { BOOTSTRAPPING_INFO_PATH } from './bootstrapping-info-json.ts';
export { NbspClient, type NbspClientOptions } from './nbsp-client.ts';
export { NbspServer, type NbspOperation, type NbspServerOptions } from './nbsp-server.ts';
export { PUSH_INFO_PATH } from './push-info-json.ts';
