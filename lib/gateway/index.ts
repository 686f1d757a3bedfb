export { Gateway, startGateway } from './gateway.ts';
