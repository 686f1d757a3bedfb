export {
  BOOTSTRAPPING_INFO_TYPE,
  formatBootstrappingInfo,
  parseBootstrappingInfo,
  type BootstrappingInfoDocument,
} from './bootstrapping-info-xml.ts';
export { formatDigestParameters, parseDigestHeader, type DigestParameters } from './digest-header.ts';
export { computeUbHa1, computeUbResponse, computeUbRspauth, type UbDigestInput } from './ub-digest.ts';
export { UbHandler, type UbEvent, type UbRefusal, type UbRequest, type UbResponse } from './ub-handler.ts';
export { UbServer, type UbServerOptions } from './ub-server.ts';
