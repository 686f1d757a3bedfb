import type { AgentFlow } from './flow-table.ts';

/** The identities of an agent by which its flow is found, at most; more are not kept. */
const MAXIMUM_IDENTITIES = 16;

/** The flows that are found by one identity: those of the devices of a person, not all that an agent may open. */
export const MAXIMUM_FLOWS_OF_IDENTITY = 8;

/**
 * Which flows lead to whom: private and public identities of those who authenticated, to their flows, the newest first. It
 * has of the flow table's what is of use, so it is bounded: of an identity with many flows the newest ones.
 */
export class IdentityFlows {
  readonly counters = { identitiesIgnored: 0, flowsIgnored: 0 };
  readonly #flows = new Map<string, AgentFlow[]>();
  readonly #identities = new Map<AgentFlow, readonly string[]>();

  /** How many identities lead to a flow. */
  get size(): number {
    return this.#flows.size;
  }

  /** The flow is now that of the agent with those identities, and its newest one. */
  entered(flow: AgentFlow, identities: readonly string[]): void {
    const known = this.#identities.get(flow);
    if (known !== undefined && known.length === identities.length && known.every((one, at) => one === identities[at])) {
      for (const identity of known) this.#renew(identity, flow);
      return;
    }
    if (known !== undefined) this.removed(flow);
    const distinct = [...new Set(identities)];
    const kept = distinct.slice(0, MAXIMUM_IDENTITIES);
    this.counters.identitiesIgnored += distinct.length - kept.length;
    this.#identities.set(flow, kept);
    for (const identity of kept) this.#renew(identity, flow);
  }

  /** The flow is over. */
  removed(flow: AgentFlow): void {
    for (const identity of this.#identities.get(flow) ?? []) {
      const left = this.#flows.get(identity)?.filter((one) => one !== flow) ?? [];
      if (left.length === 0) this.#flows.delete(identity);
      else this.#flows.set(identity, left);
    }
    this.#identities.delete(flow);
  }

  /** The flows of whoever has that identity, newest first. Some may be over already: the flow table knows. */
  find(identity: string): readonly AgentFlow[] {
    return this.#flows.get(identity) ?? NONE;
  }

  /** The identities that the flow is found by. */
  identitiesOf(flow: AgentFlow): readonly string[] {
    return this.#identities.get(flow) ?? [];
  }

  /** Makes the flow the newest one of an identity. */
  #renew(identity: string, flow: AgentFlow): void {
    const flows = this.#flows.get(identity) ?? NONE;
    if (flows[0] === flow) return;
    const others = flows.filter((one) => one !== flow);
    if (others.length === MAXIMUM_FLOWS_OF_IDENTITY) {
      others.pop();
      this.counters.flowsIgnored++;
    }
    this.#flows.set(identity, [flow, ...others]);
  }
}

const NONE: readonly AgentFlow[] = [];
