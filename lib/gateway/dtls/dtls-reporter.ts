import { PlainCounter, type Logger, type Metrics } from '../../ops/index.ts';
import { subjectHash, type AssociationPeer, type ChannelEvents, type ChannelFailure } from '../../sec1/index.ts';

/** A listener with DTLS, as metrics see it. */
export interface DtlsListener {
  readonly name: string;
  readonly channel: {
    readonly size: number;
    readonly server: { readonly counters: object; readonly halfOpen: number };
  };
}

/** Writes what becomes of DTLS associations to log and metrics: who, how and why, never a key. */
export class DtlsReporter implements ChannelEvents {
  readonly #logger: Logger;
  readonly #opened = new PlainCounter('listener', 'scheme');
  readonly #closed = new PlainCounter('listener', 'reason');
  readonly #failed = new PlainCounter('listener', 'reason');

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger;
    metrics.samplesOf(
      {
        name: 'osgate_dtls_opened_total',
        help: 'DTLS associations established, by what proved the peer',
        labels: ['listener', 'scheme'],
      },
      () => this.#opened.samples(),
    );
    metrics.samplesOf(
      { name: 'osgate_dtls_closed_total', help: 'DTLS associations ended, by reason', labels: ['listener', 'reason'] },
      () => this.#closed.samples(),
    );
    metrics.samplesOf(
      {
        name: 'osgate_dtls_failed_total',
        help: 'DTLS handshakes that ended badly or whose peer was refused, by reason; of a flood only those that are logged',
        labels: ['listener', 'reason'],
      },
      () => this.#failed.samples(),
    );
  }

  opened(listener: string, { address, port, identity, dtls }: AssociationPeer): void {
    this.#opened.count(listener, identity?.scheme ?? 'none');
    this.#logger.debug(
      {
        event: 'dtls-opened',
        listener,
        address,
        port,
        scheme: identity?.scheme ?? 'none',
        subjectHash: identity === undefined ? undefined : subjectHash(identity.subject),
        cipherSuite: dtls.getCipher().standardName,
        resumed: dtls.resumed,
      },
      'DTLS association established',
    );
  }

  refused(listener: string, { address, port }: ChannelFailure['remote'], reason: string): void {
    this.#failed.count(listener, reason);
    this.#logger.info({ event: 'dtls-refused', listener, address, port, reason }, 'DTLS association refused');
  }

  closed(listener: string, { address, port, identity }: AssociationPeer, reason: string): void {
    this.#closed.count(listener, reason);
    this.#logger.debug(
      {
        event: 'dtls-closed',
        listener,
        address,
        port,
        reason,
        subjectHash: identity === undefined ? undefined : subjectHash(identity.subject),
      },
      'DTLS association ended',
    );
  }

  failed(listener: string, { remote: { address, port }, reason, alert }: ChannelFailure): void {
    this.#failed.count(listener, reason);
    this.#logger.info({ event: 'dtls-failed', listener, address, port, reason, alert }, 'DTLS handshake failed');
  }
}

/** Publishes what the servers themselves count. */
export function publishDtlsMetrics(metrics: Metrics, listeners: readonly DtlsListener[]): void {
  const sum = (value: (listener: DtlsListener) => number): number =>
    listeners.reduce((total, listener) => total + value(listener), 0);
  metrics.gauge({ name: 'osgate_dtls_associations', help: 'DTLS associations' }, () =>
    sum(({ channel }) => channel.size),
  );
  metrics.gauge({ name: 'osgate_dtls_half_open', help: 'DTLS handshakes under way' }, () =>
    sum(({ channel }) => channel.server.halfOpen),
  );
  metrics.countersOf({ name: 'osgate_dtls_total', help: 'What DTLS did and dropped, by kind', label: 'kind' }, () => {
    const totals: Record<string, number> = {};
    for (const { channel } of listeners) {
      for (const [name, count] of Object.entries(channel.server.counters)) {
        if (typeof count === 'number') totals[kebab(name)] = (totals[kebab(name)] ?? 0) + count;
      }
    }
    return totals;
  });
}

/** Publishes what datagram listeners relay. */
export function publishDatagramMetrics(
  metrics: Metrics,
  listeners: readonly { readonly flows: number; counters(): Readonly<Record<string, number>> }[],
): void {
  metrics.gauge({ name: 'osgate_datagram_flows', help: 'Flows of datagram listeners towards their targets' }, () =>
    listeners.reduce((sum, { flows }) => sum + flows, 0),
  );
  metrics.countersOf(
    { name: 'osgate_datagram_total', help: 'What datagram listeners relayed and dropped, by kind', label: 'kind' },
    () => {
      const totals: Record<string, number> = {};
      for (const listener of listeners) {
        for (const [name, count] of Object.entries(listener.counters())) totals[name] = (totals[name] ?? 0) + count;
      }
      return totals;
    },
  );
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
