import { writeAgentsCsv, type AgentsCsv } from '../../../scenarios/support/agents-csv.ts';
import { freePort } from '../../../scenarios/support/free-port.ts';
import { Kamailio } from '../../../scenarios/support/kamailio.ts';
import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import { scenarioSubscriber } from '../../../scenarios/support/subscribers.ts';
import { System } from '../../../scenarios/support/system.ts';

/** The gateway with Kamailio behind it as the application server, and the location server behind Kamailio. */
export interface BehindGateway {
  readonly system: System;
  readonly kamailio: Kamailio;
  /** A server beside Kamailio, on its side of the gateway: it needs no identity there. */
  readonly server: RawAgent;
  /** For SIPp. */
  readonly agentsCsv: string;
  /** The credentials and the public identity of a bootstrapped agent, from 0. */
  agent(number: number): AgentsCsv['agents'][number];
  stop(): Promise<void>;
}

const CONFIG = new URL('application-server.cfg', import.meta.url);

export async function startBehindGateway(options: {
  readonly agents: number;
  readonly digest?: object;
  readonly moreListeners?: readonly object[];
}): Promise<BehindGateway> {
  const port = await freePort();
  const subscribers = Array.from({ length: options.agents }, (_, number) => scenarioSubscriber(number));
  const system = await System.start({
    subscribers,
    logLevel: 'info',
    ...(options.digest === undefined ? {} : { digest: options.digest }),
    ...(options.moreListeners === undefined ? {} : { moreListeners: options.moreListeners }),
    sec3: () => [{ name: 'kamailio', domains: ['example.com', 'uas.example.com'], targets: [`sip:127.0.0.1:${port}`] }],
  });
  const running: { stop(): Promise<unknown> }[] = [system];
  const stop = async (): Promise<void> => {
    for (const part of running.toReversed()) await part.stop();
  };
  try {
    const server = await RawAgent.open({ address: '127.0.0.1', port });
    running.push({ stop: async () => server.close() });
    const kamailio = await Kamailio.start({
      template: CONFIG,
      folder: system.folder,
      port,
      values: { NOTIFIER_PORT: String(system.locationServerPort), SERVER_PORT: String(server.port) },
    });
    running.push(kamailio);
    const { path, agents } = await writeAgentsCsv(system, subscribers);
    const agent = (number: number): AgentsCsv['agents'][number] => {
      const found = agents[number];
      if (found === undefined) throw new Error(`no agent ${number}`);
      return found;
    };
    return { system, kamailio, server, agentsCsv: path, agent, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
