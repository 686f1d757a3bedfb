import { randomBytes } from 'node:crypto';

import type { Flow, Scheduler, SipResolver, TransactionEngine } from '../../sip/index.ts';
import type { SipTargetConfig } from '../config/index.ts';
import type { Logger } from '../ops/index.ts';
import { HealthChecker, SipTargetTable, type SipTarget, type TargetStatus } from '../sec3/index.ts';
import { HopResolver, type Departures, type SipListener, type SipRouter } from '../sec1/index.ts';
import { departures, targetRules } from './sip-targets.ts';

export interface SipTargetServiceOptions {
  readonly rules: readonly SipTargetConfig[];
  readonly listeners: readonly SipListener[];
  /** Names of the listeners of the inside. */
  readonly inside: ReadonlySet<string>;
  readonly departures: Departures;
  readonly engine: TransactionEngine;
  readonly scheduler: Scheduler;
  readonly resolver: SipResolver;
  readonly logger: Logger;
  /** Gives numbers from 0 up to but not including 1. */
  readonly random: () => number;
  /** Addresses of targets remembered at once. */
  readonly maximumPeers: number;
}

/** The targets of SEC-3 as they run: the table that requests are judged by, and the checks of the targets' health. */
export class SipTargetService {
  /** Finds the addresses of what requests and health checks are sent to. */
  readonly hops: HopResolver;
  readonly #options: SipTargetServiceOptions;
  readonly #checker: HealthChecker;
  #table: SipTargetTable;
  #departures: ReadonlyMap<string, SipListener>;

  /** @throws SipError OSGATE_SIP_INVALID_ARGUMENT for a target that is not a SIP URI */
  constructor(options: SipTargetServiceOptions) {
    const { engine, scheduler, random } = options;
    this.#options = options;
    this.hops = new HopResolver(options.resolver, options.departures, scheduler);
    this.#table = this.#build(options.rules);
    this.#departures = this.#departuresOf(options.rules);
    this.#checker = new HealthChecker({
      scheduler,
      random,
      send: (request, flow, handler) => {
        engine.request(request, flow, handler);
      },
      token: (octets) => randomBytes(octets).toString('hex'),
      flowsTo: async (target) => this.#flowsTo(target),
      onTransition: (target, to, cause) => {
        const level = to === 'up' ? 'info' : 'warn';
        options.logger[level]({ event: 'target-health', target: target.uri, state: to, cause }, `target is ${to}`);
      },
    });
  }

  get table(): SipTargetTable {
    return this.#table;
  }

  /** The listener from which each rule, by name, sends. */
  get departures(): ReadonlyMap<string, SipListener> {
    return this.#departures;
  }

  /** Begins to check the targets' health. */
  start(): void {
    this.#check(this.#options.rules);
  }

  stop(): void {
    this.#checker.stop();
  }

  /**
   * Takes the rules of a new configuration over into `router`. What is known of a target that has the same URI as before stays;
   * requests under way end where they are.
   *
   * @throws SipError OSGATE_SIP_INVALID_ARGUMENT, and then all is as before
   */
  replace(rules: readonly SipTargetConfig[], router: SipRouter): void {
    const table = this.#build(rules, this.#table);
    this.#table = table;
    this.#departures = this.#departuresOf(rules);
    router.replaceTargets(table, this.#departures);
    this.#check(rules);
  }

  /** How every target is. */
  status(): readonly TargetStatus[] {
    return this.#table.status(this.#options.scheduler.now());
  }

  /** Gives a target, by its URI as configured, nothing new; its dialogs go on. False when there is none with that URI. */
  drain(uri: string): boolean {
    return this.#noted(uri, 'draining', this.#table.drain(uri));
  }

  undrain(uri: string): boolean {
    return this.#noted(uri, 'undrained', this.#table.undrain(uri));
  }

  #noted(target: string, state: string, known: boolean): boolean {
    if (known) this.#options.logger.info({ event: 'target-draining', target, state }, `target is ${state}`);
    return known;
  }

  #build(rules: readonly SipTargetConfig[], previous?: SipTargetTable): SipTargetTable {
    const { random, maximumPeers } = this.#options;
    return new SipTargetTable(targetRules(rules), { random, previous, maximumPeers });
  }

  #departuresOf(rules: readonly SipTargetConfig[]): ReadonlyMap<string, SipListener> {
    const { listeners, inside } = this.#options;
    return departures(rules, listeners, ({ name }) => inside.has(name));
  }

  #check(rules: readonly SipTargetConfig[]): void {
    const settings = new Map(rules.map((rule) => [rule.name, rule.healthCheck]));
    this.#checker.check(
      this.#table.rules.flatMap((rule) =>
        rule.targets.map((target) => ({ target, settings: settings.get(rule.name) })),
      ),
    );
  }

  async #flowsTo(target: SipTarget): Promise<readonly Flow[]> {
    const rule = this.#table.rules.find(({ targets }) => targets.includes(target));
    const listener = (rule && this.#departures.get(rule.name)) ?? this.#options.listeners[0];
    if (listener === undefined) return [];
    const resolved = await this.hops.resolve([{ query: target.query, listener, chosenByPeer: false }]);
    return resolved.map(({ flow }) => flow);
  }
}
