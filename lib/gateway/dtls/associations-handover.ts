import { createHmac } from 'node:crypto';

import { DtlsError } from '../../../dtls/index.ts';
import type { Logger } from '../../ops/index.ts';
import type { ChannelServer, FlowTable } from '../../sec1/index.ts';
import type { GatewayListener } from '../sip-listeners.ts';
import type { DatagramListener } from './datagram-listener.ts';
import { Handover, type HandedRecord, type ListenerHandover } from './handover.ts';

export interface AssociationsHandoverOptions {
  readonly path: string;
  /** 32 octets, the same before and after a restart. */
  readonly secret: Buffer;
  readonly logger: Logger;
}

interface Listeners {
  readonly sip: readonly GatewayListener[];
  readonly datagram: readonly DatagramListener[];
  readonly flows: FlowTable;
}

/** Hands all associations of a gateway to the process after it, with the SIP flows over them. What fails is logged. */
export class AssociationsHandover {
  readonly #file: Handover;
  /** Under which the DTLS library seals what is its own. */
  readonly #key: Buffer;
  readonly #logger: Logger;

  constructor({ path, secret, logger }: AssociationsHandoverOptions) {
    this.#file = new Handover({ path, key: secret });
    this.#key = createHmac('sha256', secret).update('keys of associations').digest();
    this.#logger = logger;
  }

  /** Takes the file that the process before left. Never rejects: without it the gateway starts with no associations. */
  async take(): Promise<readonly ListenerHandover[]> {
    try {
      const taken = await this.#file.take();
      if (typeof taken === 'string') {
        this.#logger.warn(
          { event: 'dtls-handover', outcome: taken },
          'associations of the process before are not taken',
        );
        return [];
      }
      return taken ?? [];
    } catch (error) {
      this.#logger.error({ event: 'dtls-handover', err: error }, 'associations of the process before cannot be read');
      return [];
    }
  }

  /** Carries on with what {@link take} gave. */
  adopt(handed: readonly ListenerHandover[], { sip, datagram, flows }: Listeners): void {
    for (const { listener: name, sealed, records } of handed) {
      const listener = sip.find((one) => one.name === name);
      const channel = listener?.dtls?.channel ?? datagram.find((one) => one.name === name)?.channel;
      if (channel === undefined) {
        this.#logger.warn(
          { event: 'dtls-handover', listener: name },
          'there is no such listener for associations any more',
        );
        continue;
      }
      const count = this.#adopt(name, channel, sealed, records);
      for (const { association, flow } of records) {
        const alive = listener?.dtls?.flow(association);
        if (flow !== undefined && alive !== undefined && listener !== undefined) flows.adopt(alive, listener, flow);
      }
      this.#logger.info(
        { event: 'dtls-handover', listener: name, associations: count, of: records.length },
        'associations of the process before carry on',
      );
    }
  }

  /** Writes the file. From now on nothing more comes by the associations. Never rejects. */
  async release({ sip, datagram, flows }: Listeners): Promise<void> {
    const handed: ListenerHandover[] = [];
    for (const { name, dtls } of sip) {
      if (dtls === undefined) continue;
      const alive = new Map<number, HandedRecord['flow']>();
      for (const peer of dtls.channel.peers()) {
        const flow = flows.find(dtls, peer);
        if (flow === undefined) continue;
        const { subject, serial, required, keptAlive } = flow;
        alive.set(peer.association, { subject, serial, required, keptAlive });
      }
      const { sealed, records } = dtls.channel.release(this.#key);
      const withFlows = records.map((record) => {
        const flow = alive.get(record.association);
        return flow === undefined ? record : { ...record, flow };
      });
      handed.push({ listener: name, sealed, records: withFlows });
    }
    for (const { name, channel } of datagram) handed.push({ listener: name, ...channel.release(this.#key) });
    try {
      await this.#file.write(handed);
      const count = handed.reduce((total, { records }) => total + records.length, 0);
      this.#logger.info({ event: 'dtls-handover', associations: count }, 'associations are left for the next process');
    } catch (error) {
      this.#logger.error({ event: 'dtls-handover', err: error }, 'associations cannot be left for the next process');
    }
  }

  #adopt(name: string, channel: ChannelServer, sealed: Buffer, records: readonly HandedRecord[]): number {
    try {
      return channel.adopt(sealed, records, this.#key);
    } catch (error) {
      if (!(error instanceof DtlsError)) throw error;
      this.#logger.error({ event: 'dtls-handover', listener: name, err: error }, 'associations cannot be carried on');
      return 0;
    }
  }
}
