import { trimWhitespace, type SipRequest } from '../../sip/index.ts';
import { permit, type Identity, type SecurityRequirement } from '../identity/index.ts';
import { SipTarget, type SipTargetOptions } from './sip-target.ts';
import { chooseTargets, groupByPriority, type TargetGroups } from './target-choice.ts';
import { TargetState } from './target-state.ts';
import { TargetPeers } from './target-peers.ts';
import { targetStatus, type TargetStatus } from './target-status.ts';

/** One rule of `gateway.sec3.sip`: which requests go to which servers. */
export interface SipTargetRule {
  readonly name: string;
  /** Lower-case hosts of the Request-URI; `*` stands for any. */
  readonly domains: readonly string[];
  /** Methods that the rule takes; any where absent. */
  readonly methods?: readonly string[] | undefined;
  /** Event packages that the rule takes, for requests with an Event header; any where absent. */
  readonly events?: readonly string[] | undefined;
  /** What a subscriber's security settings must have, one of these; absent: nothing. */
  readonly requires?: readonly SecurityRequirement[] | undefined;
  /** What becomes of one who does not meet `requires`: refused, or the next rule that fits; refused where absent. */
  readonly otherwise?: 'refuse' | 'next' | undefined;
  /** How long a target may say nothing at all before the next one is tried. */
  readonly responseTimeoutMilliseconds: number;
  readonly targets: readonly SipTargetOptions[];
}

/** A rule with its targets as they are. */
export interface ActiveRule extends Omit<SipTargetRule, 'targets'> {
  readonly targets: readonly SipTarget[];
  /** The same by priority. */
  readonly groups: TargetGroups;
}

export type TargetSelection =
  | {
      readonly outcome: 'found';
      readonly rule: ActiveRule;
      readonly targets: readonly SipTarget[];
      /** Who asked, with the public identities that are good for the rule (see `permit`). */
      readonly identity: Identity | undefined;
    }
  /** The rule that fits requires what the subscriber's security settings do not have. */
  | { readonly outcome: 'not-permitted' }
  /** No rule takes the domain, or the method for it. */
  | { readonly outcome: 'not-found' }
  /** Rules take the domain and the method, but not this event package: 489 (RFC 6665 7.3.2). */
  | { readonly outcome: 'bad-event'; readonly allowEvents: readonly string[] }
  /** No target of the rule may be given anything now. */
  | { readonly outcome: 'unavailable'; readonly rule: ActiveRule; readonly retryAfterSeconds: number };

export interface SipTargetTableOptions {
  /** Gives numbers from 0 up to but not including 1, for the choice by weight. */
  readonly random: () => number;
  /** The table before a change of the configuration: what it knows of servers by URI is kept. */
  readonly previous?: SipTargetTable | undefined;
  /** Addresses of targets remembered at once; requests of dialogs to others are not counted for their target. */
  readonly maximumPeers?: number;
}

const DEFAULT_MAXIMUM_PEERS = 10_000;

/** SEC-3 target selection: by domain of the Request-URI, method and event package; the first rule that fits wins. */
export class SipTargetTable {
  readonly rules: readonly ActiveRule[];
  /** What is known of each server, by URI as configured. */
  readonly states: ReadonlyMap<string, TargetState>;
  /** Behind which address which target is: those given as addresses, and those that names were found to lead to. */
  readonly peers: TargetPeers;
  readonly #random: () => number;

  /** @throws SipError OSGATE_SIP_INVALID_ARGUMENT for a target that is not a SIP URI */
  constructor(rules: readonly SipTargetRule[], { random, previous, maximumPeers }: SipTargetTableOptions) {
    const states = new Map<string, TargetState>();
    const stateOf = (uri: string): TargetState => {
      const state = states.get(uri) ?? previous?.states.get(uri) ?? new TargetState(uri);
      states.set(uri, state);
      return state;
    };
    this.rules = rules.map((rule) => {
      const targets = rule.targets.map((options) => new SipTarget(options, stateOf(options.uri)));
      return { ...rule, targets, groups: groupByPriority(targets) };
    });
    this.states = states;
    this.#random = random;
    this.peers = new TargetPeers(maximumPeers ?? DEFAULT_MAXIMUM_PEERS);
    for (const target of this.rules.flatMap(({ targets }) => targets)) {
      for (const { address, port } of target.query.fixed ?? []) this.peers.add(address, port, target);
    }
  }

  /**
   * Targets for a request, in the order to try them.
   *
   * @param now milliseconds of the monotonic clock that the targets were marked with
   * @param identity who asks; without one, a rule that requires something permits nobody
   */
  select(request: SipRequest, now: number, identity?: Identity): TargetSelection {
    // A telephone number and a service URN have no domain; only rules for every domain take those.
    const host = requestHost(request);
    const event = eventPackage(request);
    const allowEvents: string[] = [];
    let passedOver = false;
    for (const rule of this.rules) {
      if (!rule.domains.includes('*') && (host === undefined || !rule.domains.includes(host))) continue;
      if (rule.methods !== undefined && !rule.methods.includes(request.method)) continue;
      if (event !== undefined && rule.events !== undefined && !rule.events.includes(event)) {
        allowEvents.push(...rule.events);
        continue;
      }
      const permitted = permit(identity, rule.requires);
      if (permitted === undefined && rule.requires !== undefined) {
        if (rule.otherwise !== 'next') return { outcome: 'not-permitted' };
        passedOver = true;
        continue;
      }
      const targets = chooseTargets(rule.groups, now, this.#random);
      if (targets.length > 0) return { outcome: 'found', rule, targets, identity: permitted };
      return { outcome: 'unavailable', rule, retryAfterSeconds: secondsUntilUsable(rule, now) };
    }
    if (passedOver) return { outcome: 'not-permitted' };
    return allowEvents.length > 0 ? { outcome: 'bad-event', allowEvents } : { outcome: 'not-found' };
  }

  /** Seconds to wait when no target of the rule may be given anything any more; undefined while one may. */
  overloaded(rule: ActiveRule, now: number): number | undefined {
    for (const target of rule.targets) {
      if (target.state.refusal(now) === undefined && !target.isFull) return undefined;
    }
    return secondsUntilUsable(rule, now);
  }

  /** Gives a server nothing new from now on; its dialogs go on. False when no rule names the URI. */
  drain(uri: string): boolean {
    return this.#setDraining(uri, true);
  }

  undrain(uri: string): boolean {
    return this.#setDraining(uri, false);
  }

  /** How every target of every rule is, for those who watch. */
  status(now: number): readonly TargetStatus[] {
    return this.rules.flatMap((rule) => rule.targets.map((target) => targetStatus(rule.name, target, now)));
  }

  #setDraining(uri: string, draining: boolean): boolean {
    const state = this.states.get(uri);
    if (state !== undefined) state.draining = draining;
    return state !== undefined;
  }
}

/** The event package of a request (RFC 6665 8.2.1), lower-case, without parameters; undefined where there is none. */
export function eventPackage(request: SipRequest): string | undefined {
  const event = request.header('Event');
  if (event === undefined) return undefined;
  const semicolon = event.indexOf(';');
  return trimWhitespace(semicolon < 0 ? event : event.slice(0, semicolon)).toLowerCase();
}

function requestHost(request: SipRequest): string | undefined {
  const uri = request.requestUri;
  return uri !== undefined && 'host' in uri ? uri.host : undefined;
}

/** At least one second: an agent that is told 0 comes back at once. */
function secondsUntilUsable(rule: ActiveRule, now: number): number {
  const soonest = Math.min(...rule.targets.map((target) => target.usableAgain(now)));
  // The clock has fractions of milliseconds, which must not make five seconds six.
  return Math.max(1, Math.ceil(Math.round(soonest - now) / 1000));
}
