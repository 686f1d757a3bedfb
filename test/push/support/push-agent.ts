import { MemoryStore } from '../../../lib/store/index.ts';
import {
  AgentAssociations,
  GpiCodecV1,
  GpiReceiver,
  PushReceiver,
  type NafSecurityAssociation,
  type PushContent,
  type PushReceipt,
} from '../../../push/index.ts';
import { TEST_SUBSCRIBER } from '../../kmc/subscribers/test-subscriber.ts';
import { TestCard } from './push-key-centre.ts';

/** An agent without sockets. */
export class PushAgent {
  readonly card: TestCard;
  /** What the application got. */
  readonly got: PushContent[] = [];
  /** What the application says. */
  answer: (content: PushContent) => PushReceipt['outcome'] = () => 'delivered';
  readonly receiver: PushReceiver;

  constructor(clock: { now: number }, { card = new TestCard(), impi = TEST_SUBSCRIBER.impi } = {}) {
    const now = (): number => clock.now;
    this.card = card;
    const store = new MemoryStore<NafSecurityAssociation>({ now });
    const associations = new AgentAssociations({ store, now });
    this.receiver = new PushReceiver({
      gpi: new GpiReceiver({ codec: new GpiCodecV1(), uicc: card, associations, impi, acceptsNaf: () => true, now }),
      associations,
      delivered: new MemoryStore<true>({ now }),
      application: async (content) => {
        const outcome = this.answer(content);
        if (outcome === 'delivered') this.got.push(content);
        return outcome;
      },
    });
  }
}
