import type { PushConfig } from '../../config/index.ts';
import type { Metrics } from '../../ops/index.ts';
import { publishSipPushMetrics } from './push-metrics.ts';
import { openSipPush, type SipPushParts } from './sip-parts.ts';

/** What a worker that does not dispatch has to do with pushes: it sends them by its flows, and hands on what agents send up. */
export function openLentFlows({ carriers }: PushConfig, parts: SipPushParts, metrics: Metrics): void {
  const config = carriers.find((carrier) => carrier.type === 'sip');
  if (config === undefined) return;
  const sip = openSipPush(config, parts, () => undefined);
  if (sip !== undefined) publishSipPushMetrics(metrics, sip);
}
