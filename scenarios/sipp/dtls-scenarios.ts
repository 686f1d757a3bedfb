import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ScenarioError } from '../support/errors.ts';
import { freePort } from '../support/free-port.ts';
import { NatRelay } from '../support/nat-relay.ts';
import { NodeProcess, OSGATE, portOf } from '../support/node-process.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { scenarioFile, type SippResult } from '../support/sipp.ts';
import { scenarioSubscriber } from '../support/subscribers.ts';
import { GATEWAY_FQDN } from '../support/system.ts';
import { withoutDigest } from '../support/without-digest.ts';
import { ScenarioRunner, SCENARIOS, type SippScenario } from './scenarios.ts';

export interface DtlsScenario extends SippScenario {
  /** When SIPp sends requests again for the first time, where that is not T1. */
  readonly retransMilliseconds?: number;
}

/**
 * The scenarios that SIPp plays through `osgate agent proxy`: those that are not about digest itself, nor about TCP. They
 * are the same files, without what a challenge makes necessary.
 */
export const DTLS_SCENARIOS: readonly DtlsScenario[] = [
  'message',
  'register',
  'subscribe',
  'invite',
  'cancel',
  'lost-response',
  'failover',
  'spoofed-identity',
]
  .map((name): DtlsScenario => named(name))
  // SIPp fails a call at the second answer to what it sent again. With 2,000 calls at once it would do so too early.
  .concat({ ...named('subscribe-many'), callsPerSecond: 200, retransMilliseconds: 4000 });

/** Requests a second over DTLS: MESSAGE, relay, 200; each goes through the proxy, the gateway and back. */
export function dtlsLoad(seconds: number): SippScenario {
  const callsPerSecond = 500;
  const calls = callsPerSecond * seconds;
  return { name: 'load', file: 'message', calls, callsPerSecond, limit: 2000, timeoutSeconds: seconds + 30 };
}

/** What SIPp cannot play, a client of ours plays through the proxy. */
export const RAW_DTLS_SCENARIOS: readonly RawDtlsScenario[] = [
  {
    name: 'retransmission',
    async play({ raw, from, runner }) {
      const request = raw.createRequest('MESSAGE', 'sip:bob@example.com', from);
      const statuses = [(await raw.send(request)).status, (await raw.send(request)).status];
      const { records } = runner.system.locationServer;
      const delivered = records.filter((record) => record.callId === request.callId).length;
      const seen = `${statuses.join()}, delivered ${delivered}`;
      return seen === '200,200, delivered 1' ? '' : `expected 200,200, delivered 1; found ${seen}`;
    },
  },
  {
    name: 'rebinding',
    async play({ raw, from, nat, proxy }) {
      const request = raw.createRequest('SUBSCRIBE', 'sip:bob@example.com', from);
      request.append('Event', 'presence;min-rate=5');
      request.append('Expires', '600');
      const response = await raw.send(request);
      if (response.status !== 200) return `expected 200, found ${response.status}`;
      await raw.waitForRequests(1);
      nat.rebind();
      const before = raw.requests.length;
      // The proxy's next keepalive tells the gateway where the association is now.
      await raw.waitForRequests(before + 2);
      const end = raw.again(request);
      end.uri = addressIn(response.header('Contact'));
      for (const route of response.values('Record-Route').reverse()) end.append('Route', route);
      end.set('To', response.header('To') ?? '');
      end.set('Expires', '0');
      const ended = await raw.send(end);
      const associations = proxy.records.filter(
        ({ event, client }) => event === 'associated' && client === raw.port,
      ).length;
      const seen = `${ended.status}, ${associations} association`;
      return seen === '200, 1 association' ? '' : `expected 200, 1 association; found ${seen}`;
    },
  },
];

interface RawDtlsScenario {
  readonly name: string;
  /** Gives what went wrong, or nothing. */
  play(stage: {
    readonly raw: RawAgent;
    /** The agent's IMPU. */
    readonly from: string;
    readonly runner: ScenarioRunner;
    /** Between proxy and gateway. */
    readonly nat: NatRelay;
    readonly proxy: NodeProcess;
  }): Promise<string>;
}

/** A system with a DTLS listener, a NAT before it and `osgate agent proxy` before that. */
export class DtlsScenarioRunner {
  readonly #runner: ScenarioRunner;
  readonly #nat: NatRelay;
  readonly #proxy: NodeProcess;
  readonly #proxyPort: number;
  readonly #agents: string;

  private constructor(parts: {
    runner: ScenarioRunner;
    nat: NatRelay;
    proxy: NodeProcess;
    proxyPort: number;
    agents: string;
  }) {
    this.#runner = parts.runner;
    this.#nat = parts.nat;
    this.#proxy = parts.proxy;
    this.#proxyPort = parts.proxyPort;
    this.#agents = parts.agents;
  }

  static async start(): Promise<DtlsScenarioRunner> {
    const listener = { name: 'agents-dtls', host: '127.0.0.1', port: 0, transports: ['dtls'], fqdn: GATEWAY_FQDN };
    const runner = await ScenarioRunner.start({
      moreListeners: [{ ...listener, authenticators: [{ type: 'gba-psk' }] }],
    });
    let nat: NatRelay | undefined;
    let proxy: NodeProcess | undefined;
    try {
      const { system } = runner;
      nat = await NatRelay.open(await system.listenerPort('agents-dtls'));
      const subscriber = scenarioSubscriber(0);
      const config = await system.agentConfig('proxy', subscriber, {
        transport: 'dtls',
        gateway: `sip:127.0.0.1:${nat.port}`,
        dtls: { keepAliveSeconds: 1 },
      });
      proxy = new NodeProcess('agent proxy', OSGATE, ['agent', 'proxy', '-c', config, '--listen', '127.0.0.1:0']);
      const listening = await proxy.waitFor('listening', ({ event }) => event === 'listening');
      // One association is one subscriber, so every call is his.
      const agents = join(system.folder, 'dtls-agents.csv');
      await writeFile(agents, `SEQUENTIAL\n;;${subscriber.impu}\n`);
      return new DtlsScenarioRunner({ runner, nat, proxy, proxyPort: portOf(listening), agents });
    } catch (error) {
      nat?.close();
      await Promise.all([proxy?.stop(), runner.stop()]);
      throw error;
    }
  }

  async run(scenario: DtlsScenario): Promise<SippResult> {
    const name = scenario.file ?? scenario.name;
    const file = join(this.#runner.system.folder, `${name}-without-digest.xml`);
    const text = withoutDigest(await readFile(scenarioFile(name), 'latin1'));
    const retrans = `retrans="${scenario.retransMilliseconds ?? 500}"`;
    await writeFile(file, text.replaceAll('retrans="500"', retrans), 'latin1');
    // SIPp takes the answer to what it sent again for the answer to its next request; so it does not wait for a handshake.
    const localPort = await freePort();
    await this.#associate(localPort);
    return this.#runner.run(scenario, localPort, {
      file,
      remote: `127.0.0.1:${this.#proxyPort}`,
      agents: this.#agents,
    });
  }

  /** Lets the proxy make the association of a local port. */
  async #associate(localPort: number): Promise<void> {
    const raw = await RawAgent.open({ address: '127.0.0.1', port: this.#proxyPort }, localPort);
    try {
      await raw.send(raw.createRequest('OPTIONS', 'sip:bob@example.com', scenarioSubscriber(0).impu), 10_000);
    } finally {
      await raw.close();
    }
  }

  async runRaw(scenario: RawDtlsScenario): Promise<SippResult> {
    const raw = await RawAgent.open({ address: '127.0.0.1', port: this.#proxyPort });
    try {
      const from = scenarioSubscriber(0).impu;
      const errors = await scenario.play({ raw, from, runner: this.#runner, nat: this.#nat, proxy: this.#proxy });
      return { ok: errors === '', errors };
    } finally {
      await raw.close();
    }
  }

  /** Stops everything and gives the exit statuses, the proxy's first. */
  async stop(): Promise<number[]> {
    const status = await this.#proxy.stop();
    this.#nat.close();
    return [status, ...(await this.#runner.stop())];
  }
}

function named(name: string): SippScenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new ScenarioError(`no scenario ${name}`);
  return scenario;
}

/** The URI between the angle brackets. */
function addressIn(contact: string | undefined): string {
  return /<([^>]+)>/.exec(contact ?? '')?.[1] ?? '';
}
