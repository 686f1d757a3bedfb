export { startGateway, type GatewayService } from './start-gateway.ts';
