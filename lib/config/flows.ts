import { count, integer, section } from './values.ts';

/** `gateway.flows`: the flows that agents opened (RFC 5626). */
export function flows() {
  return section({
    maximumFlows: count().default(500_000).describe('Flows of authenticated agents that are remembered at once.'),
    udpFlowTimerSeconds: integer(1, 3600)
      .default(30)
      .describe('Flow-Timer over UDP: how often an agent that keeps its flow alive must be heard of.'),
    tcpFlowTimerSeconds: integer(1, 86_400)
      .default(120)
      .describe('Flow-Timer over TCP; less than `streams.idleTimeoutSeconds`, after which the connection is closed.'),
    graceSeconds: integer(0, 3600)
      .default(60)
      .describe('How long after its Flow-Timer a UDP flow is given up: room for keepalives that are lost.'),
    silentIdleSeconds: integer(1, 604_800)
      .default(7200)
      .describe('How long the UDP flow of an agent is remembered that did not say that it keeps flows alive.'),
  });
}
