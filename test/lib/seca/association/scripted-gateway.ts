import { OsgateError } from '../../../../lib/errors.ts';
import type {
  ChannelAttempt,
  ChannelEnd,
  OpenChannel,
  SecureChannel,
} from '../../../../lib/seca/association/secure-channel.ts';

export interface ScriptedAssociation {
  readonly identity: string;
  readonly sent: string[];
  readonly attempt: ChannelAttempt;
  closed: boolean;
  /** A datagram from the gateway. */
  deliver(text: string): void;
  end(reason: ChannelEnd): void;
}

/** A gateway without a network, for what the agent does around its associations. */
export class ScriptedGateway {
  readonly associations: ScriptedAssociation[] = [];
  attempts = 0;
  /** How many of the next attempts get no answer. */
  silentFor = 0;
  /** Identities that are refused. */
  readonly unknown = new Set<string>();
  answersPings = true;
  hint: string | undefined = '3GPP-bootstrapping';
  #waiting: (() => void)[] = [];

  readonly open: OpenChannel = async (attempt) => {
    this.attempts++;
    await Promise.resolve();
    if (this.silentFor > 0) {
      this.silentFor--;
      throw new OsgateError('OSGATE_AGENT_NETWORK', 'no answer from the gateway');
    }
    const { identity } = await attempt.psk(this.hint, 0x00a8);
    if (this.unknown.has(identity)) {
      throw new OsgateError('OSGATE_AGENT_REFUSED', 'the gateway ended the handshake: unknownPskIdentity');
    }
    return this.#make(attempt, identity);
  };

  get last(): ScriptedAssociation {
    const last = this.associations.at(-1);
    if (last === undefined) throw new Error('no association has come about');
    return last;
  }

  /** Resolves when so many associations have come about in all, or `fits` holds. */
  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 5);
      });
    }
  }

  #make(attempt: ChannelAttempt, identity: string): SecureChannel {
    const association: ScriptedAssociation = {
      identity,
      sent: [],
      attempt,
      closed: false,
      deliver: (text) => {
        attempt.events.onMessage(Buffer.from(text));
      },
      end: (reason) => {
        attempt.events.onEnd(reason);
      },
    };
    this.associations.push(association);
    for (const wake of this.#waiting.splice(0)) wake();
    return {
      local: { address: '127.0.0.1', port: 40_000 },
      cipherSuite: 'TLS_PSK_WITH_AES_128_GCM_SHA256',
      hasConnectionId: true,
      send: (datagram) => {
        if (datagram.length > 16_384) return false;
        association.sent.push(datagram.toString('latin1'));
        if (this.answersPings && datagram.toString('latin1') === '\r\n\r\n') {
          queueMicrotask(() => {
            association.deliver('\r\n');
          });
        }
        return true;
      },
      close: async () => {
        association.closed = true;
      },
    };
  }
}
