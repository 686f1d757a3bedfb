import type { SipUri } from '../../sip/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import { SipRouter, type DialogTokens } from '../sec1/index.ts';
import type { SipTargetTable } from '../sec3/index.ts';
import { renewSipListener, type OpenSipListener, type SipListenerParts } from './sip-listeners.ts';
import { buildTargetTable, departures } from './sip-targets.ts';

/**
 * All that a reload can change of the edge. It is never changed itself: a reload builds another one and swaps it in, and
 * what began with the old one ends with it.
 */
export interface EdgeSettings {
  readonly listeners: readonly OpenSipListener[];
  readonly targets: SipTargetTable;
  readonly router: SipRouter;
}

/** What the settings of one gateway have in common, before and after each reload. */
export interface EdgeConstants {
  readonly tokens: DialogTokens;
  readonly isLocal: (uri: SipUri) => boolean;
}

/**
 * The settings that a configuration describes, for listeners that are open.
 *
 * @param previous whose targets hand on what is known of them
 */
export function buildEdgeSettings(
  config: GatewayConfig,
  listeners: readonly OpenSipListener[],
  { tokens, isLocal }: EdgeConstants,
  previous?: EdgeSettings,
): EdgeSettings {
  const inside = new Set(
    config.sec1.sip
      .filter(({ authenticators }) => authenticators.some(({ type }) => type === 'trusted'))
      .map(({ name }) => name),
  );
  const targets = buildTargetTable(config.sec3.sip, previous?.targets);
  const router = new SipRouter({
    listeners,
    targets,
    inside: departures(config.sec3.sip, listeners, ({ name }) => inside.has(name)),
    tokens,
    isLocal,
  });
  return { listeners, targets, router };
}

/** The settings after a reload: the same sockets, and of the rest what changed is new. */
export function renewEdgeSettings(
  config: GatewayConfig,
  previous: EdgeSettings,
  constants: EdgeConstants,
  parts: Omit<SipListenerParts, 'receive' | 'fd'>,
): EdgeSettings {
  const listeners = previous.listeners.map((listener) => {
    const own = config.sec1.sip.find(({ name }) => name === listener.name);
    return own === undefined ? listener : renewSipListener(listener, own, parts);
  });
  return buildEdgeSettings(config, listeners, constants, previous);
}
