export { formatGpiEnvelope, GPI_CONTENT_TYPE, parseGpiEnvelope, type GpiEnvelope } from './gpi-envelope.ts';
