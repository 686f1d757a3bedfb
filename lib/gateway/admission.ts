import { randomBytes } from 'node:crypto';

import type { Flow, TimerWheel, TransactionEngine } from '../../sip/index.ts';
import type { AdmissionConfig } from '../config/index.ts';
import type { Metrics } from '../ops/index.ts';
import {
  AdmissionEvents,
  AdmissionGate,
  EdgeAdmission,
  Overload,
  type EdgeEvents,
  type SipListener,
} from '../sec1/index.ts';

/** How often overload is measured and expired sources are swept. */
const SAMPLE_MILLISECONDS = 100;

export interface AdmissionParts {
  readonly engine: TransactionEngine;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
  /** Takes what is let in. */
  readonly deliver: (datagram: Buffer, flow: Flow) => void;
  /** Who hears of outcomes after the gate. */
  readonly events: EdgeEvents;
}

/** Admission of one gateway, ready to be put between listeners, engine and edge. */
export interface Admission {
  /** Takes what comes in, before anybody looks into it. */
  readonly receive: (datagram: Buffer, flow: Flow) => void;
  readonly events: EdgeEvents;
  readonly edge: EdgeAdmission;
  setListeners(listeners: readonly SipListener[]): void;
}

/** Builds the gate that the configuration describes, measures overload by the timer wheel, and publishes what is counted. */
export function startAdmission(config: AdmissionConfig, parts: AdmissionParts): Admission {
  const { engine, wheel, metrics } = parts;
  const { strangers, known, ban } = config;
  const gate = new AdmissionGate({
    strangers: {
      perFlow: { perSecond: strangers.flowPerSecond, burst: strangers.flowBurst },
      perAddress: { perSecond: strangers.addressPerSecond, burst: strangers.addressBurst },
      buckets: strangers.buckets,
    },
    known: { ...known, rate: { perSecond: known.perSecond, burst: known.burst } },
    queue: config.queue,
    ban,
    deliver: parts.deliver,
    defer: setImmediate,
    now: () => performance.now(),
    random: randomBytes,
  });
  const overload = new Overload({ ...config.overload, tableFill: config.overload.tableFillPercent / 100 }, Math.random);
  const edge = new EdgeAdmission(gate, overload, config.challengeAmplificationLimit);
  let listeners: readonly SipListener[] = [];
  sampleOverload(wheel, (delay) => {
    overload.sample(delay, Math.max(engine.tableFill, ...listeners.map((listener) => listener.nonceFill())));
    gate.sweep();
  });
  publish(metrics, gate, overload, edge);
  return {
    receive: (datagram, flow) => {
      gate.receive(datagram, flow);
    },
    events: new AdmissionEvents(gate, parts.events),
    edge,
    setListeners: (opened) => {
      listeners = opened;
      gate.setListeners(opened);
    },
  };
}

/** Tells a measure how late a timer of the wheel was, ten times a second, as long as the wheel turns. */
function sampleOverload(wheel: TimerWheel, measure: (delay: number) => void): void {
  let due = wheel.now() + SAMPLE_MILLISECONDS;
  const sample = (): void => {
    const now = wheel.now();
    measure(now - due);
    due = now + SAMPLE_MILLISECONDS;
    wheel.schedule(SAMPLE_MILLISECONDS, sample);
  };
  wheel.schedule(SAMPLE_MILLISECONDS, sample);
}

function publish(metrics: Metrics, gate: AdmissionGate, overload: Overload, edge: EdgeAdmission): void {
  metrics.countersOf(
    {
      name: 'osgate_admission_total',
      help: 'Datagrams and requests by what admission did with them',
      label: 'kind',
    },
    () => ({ ...gate.counters, ...overload.counters, ...edge.counters }),
  );
  metrics.gauge({ name: 'osgate_admission_queue_length', help: 'Datagrams of strangers that wait' }, () => {
    return gate.queueLength;
  });
  metrics.gauge({ name: 'osgate_admission_known_flows', help: 'Flows that have authenticated' }, () => {
    return gate.knownFlows;
  });
  metrics.gauge({ name: 'osgate_admission_bans', help: 'Bans in force' }, () => gate.bans);
  metrics.gauge({ name: 'osgate_admission_overload_level', help: 'Overload, from 0 to 1' }, () => overload.level);
  metrics.gauge({ name: 'osgate_event_loop_delay_seconds', help: 'Lateness of the event loop, smoothed' }, () => {
    return overload.delayMilliseconds / 1000;
  });
}
