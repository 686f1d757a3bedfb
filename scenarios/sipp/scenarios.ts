import { writeAgentsCsv, type AgentsCsv } from '../support/agents-csv.ts';
import { freePort } from '../support/free-port.ts';
import { RawAgent, type Credentials } from '../support/raw-agent.ts';
import { runSipp, type SippResult, type SippRun } from '../support/sipp.ts';
import { scenarioSubscriber } from '../support/subscribers.ts';
import { System, type SystemOptions } from '../support/system.ts';

/** One scenario of scenarios/sipp with how often it runs; the agents' side of it is `name`.xml. */
export interface SippScenario {
  readonly name: string;
  readonly file?: string;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly limit?: number;
  /** The gateway's listener; `agents` where absent. */
  readonly transport?: 'udp' | 'tcp';
  readonly listener?: 'agents' | 'short-nonces';
  /** A scenario that SIPp plays behind the gateway at the same time. */
  readonly server?: string;
  readonly timeoutSeconds: number;
}

const AGENTS = 20;

const usual = { calls: 20, callsPerSecond: 20, timeoutSeconds: 40 };

/** Every scenario but the load. */
export const SCENARIOS: readonly SippScenario[] = [
  { name: 'message', ...usual },
  { name: 'message-tcp', file: 'message', transport: 'tcp', ...usual },
  { name: 'register', ...usual },
  { name: 'subscribe', ...usual },
  { name: 'invite', ...usual },
  { name: 'invite-tcp', file: 'invite', transport: 'tcp', ...usual },
  { name: 'cancel', ...usual },
  { name: 'wrong-password', ...usual },
  { name: 'expired-nonce', ...usual, listener: 'short-nonces' },
  { name: 'lost-response', ...usual, calls: 40, callsPerSecond: 40 },
  { name: 'failover', ...usual },
  { name: 'spoofed-identity', ...usual, server: 'spoofed-identity-server' },
  { name: 'subscribe-many', calls: 2000, callsPerSecond: 400, timeoutSeconds: 60 },
];

/**
 * Two scenarios that SIPp cannot play: it counts nonces up by itself, and hides a second answer to one transaction. A
 * client of ours plays them.
 */
export const RAW_SCENARIOS: readonly RawScenario[] = [
  {
    name: 'replayed-nc',
    async play({ raw, from, credentials }) {
      const request = raw.createRequest('MESSAGE', 'sip:bob@example.com', from);
      const signed = raw.answer(request, await raw.send(request), credentials);
      const statuses = [(await raw.send(signed)).status, (await raw.send(raw.again(signed))).status];
      return statuses.join() === '200,407' ? '' : `expected 200,407, found ${statuses.join()}`;
    },
  },
  {
    name: 'retransmission',
    async play({ raw, from, credentials, system }) {
      const request = raw.createRequest('MESSAGE', 'sip:bob@example.com', from);
      const signed = raw.answer(request, await raw.send(request), credentials);
      const statuses = [(await raw.send(signed)).status, (await raw.send(signed)).status];
      const delivered = system.locationServer.records.filter((record) => record.callId === request.callId).length;
      const seen = `${statuses.join()}, delivered ${delivered}`;
      return seen === '200,200, delivered 1' ? '' : `expected 200,200, delivered 1; found ${seen}`;
    },
  },
];

interface RawScenario {
  readonly name: string;
  /** Gives what went wrong, or nothing. */
  play(stage: {
    readonly raw: RawAgent;
    /** The agent's IMPU. */
    readonly from: string;
    readonly credentials: Credentials;
    readonly system: System;
  }): Promise<string>;
}

/** 1,000 authenticated exchanges a second: MESSAGE, 407, MESSAGE with digest, relay, 200. */
export function load(seconds: number): SippScenario {
  const callsPerSecond = 1000;
  const calls = callsPerSecond * seconds;
  return { name: 'load', file: 'message', calls, callsPerSecond, limit: 4000, timeoutSeconds: seconds + 30 };
}

/** The system that all scenarios share: started once, stopped at the end. */
export class ScenarioRunner {
  readonly system: System;
  readonly #agents: AgentsCsv;
  readonly #serverPort: number;

  private constructor(system: System, agents: AgentsCsv, serverPort: number) {
    this.system = system;
    this.#agents = agents;
    this.#serverPort = serverPort;
  }

  /** @param options more of the system's options, such as the number of workers */
  static async start(options: Partial<SystemOptions> = {}): Promise<ScenarioRunner> {
    const subscribers = Array.from({ length: AGENTS }, (_, number) => scenarioSubscriber(number));
    const serverPort = await freePort();
    const deadPort = await freePort();
    // SIPp computes MD5 only, and takes the first challenge that comes.
    const digest = { algorithms: ['MD5'] };
    const shortNonces = { type: 'gba-digest', uaSecurityProtocolId: '0300000002', nonceLifetimeSeconds: 1, ...digest };
    const system = await System.start({
      subscribers,
      logLevel: 'info',
      digest,
      locationServer: ['--ring', '500', '--interval', '60000'],
      moreListeners: [
        { name: 'short-nonces', host: '127.0.0.1', port: 0, fqdn: 'osg.example.com', authenticators: [shortNonces] },
      ],
      sec3: (locationServerPort) => [
        { name: 'location', domains: ['example.com'], targets: [`sip:127.0.0.1:${locationServerPort}`] },
        { name: 'sipp', domains: ['uas.example.com'], targets: [`sip:127.0.0.1:${serverPort}`] },
        {
          name: 'failover',
          domains: ['failover.example.com'],
          targets: [`sip:127.0.0.1:${deadPort}`, `sip:127.0.0.1:${locationServerPort}`],
          responseTimeoutMilliseconds: 700,
        },
      ],
      ...options,
    });
    try {
      return new ScenarioRunner(system, await writeAgentsCsv(system, subscribers), serverPort);
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  get agents(): AgentsCsv['agents'] {
    return this.#agents.agents;
  }

  /**
   * Runs one scenario; its server, when it has one, must be content too.
   *
   * @param localPort the port that SIPp sends from; a free one where absent
   * @param way where it sends, what it plays and as whom, where that is not the usual
   */
  async run(
    scenario: SippScenario,
    localPort?: number,
    way: Partial<Pick<SippRun, 'remote' | 'file' | 'agents'>> = {},
  ): Promise<SippResult> {
    const { calls, callsPerSecond, limit, timeoutSeconds } = scenario;
    const common = { folder: this.system.folder, calls, callsPerSecond, timeoutSeconds };
    const listenerPort = await this.system.listenerPort(scenario.listener ?? 'agents');
    const agent: SippRun = {
      ...common,
      scenario: scenario.file ?? scenario.name,
      localPort: localPort ?? (await freePort()),
      remote: `127.0.0.1:${listenerPort}`,
      agents: this.#agents.path,
      ...(limit === undefined ? {} : { limit }),
      ...(scenario.transport === undefined ? {} : { transport: scenario.transport }),
      ...way,
    };
    const server =
      scenario.server === undefined
        ? undefined
        : runSipp({ ...common, scenario: scenario.server, localPort: this.#serverPort });
    const result = await runSipp(agent);
    if (server === undefined || !result.ok) return result;
    const served = await server;
    return served.ok ? result : { ok: false, errors: `server: ${served.errors}` };
  }

  /** Runs one of the scenarios that our own client plays. */
  async runRaw(scenario: RawScenario): Promise<SippResult> {
    const raw = await RawAgent.open({ address: '127.0.0.1', port: this.system.gatewayPort });
    try {
      const [first] = this.#agents.agents;
      if (first === undefined) return { ok: false, errors: 'no agent' };
      const errors = await scenario.play({ raw, from: first.impu, credentials: first, system: this.system });
      return { ok: errors === '', errors };
    } finally {
      await raw.close();
    }
  }

  /** Stops the system and gives its exit statuses. */
  async stop(): Promise<number[]> {
    return this.system.stop();
  }
}
