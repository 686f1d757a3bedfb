import { once } from 'node:events';

import { connect, type DtlsAssociation } from '../../dtls/index.ts';
import { KEY } from './key.ts';

/** Handshakes that are under way at once. */
const AT_ONCE = 32;

/** Opens associations, each from a port of its own, and sends one message on each. */
export async function openAssociations(port: number, count: number): Promise<DtlsAssociation[]> {
  const associations: DtlsAssociation[] = [];
  let begun = 0;
  const open = async (): Promise<void> => {
    while (begun < count) {
      const number = begun++;
      const association = await connect({
        host: '127.0.0.1',
        port,
        psk: { identity: `agent ${number}`, key: KEY },
        // 10,000 sockets: more than the ports that the system gives out by itself on one address.
        local: { address: `127.0.${1 + (number >> 12)}.1` },
        // Both kinds of client that there are.
        connectionId: number % 2 === 0 ? {} : false,
      });
      associations.push(association);
      await echo(association, 'hello');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, open));
  return associations;
}

/** How many of them do not answer any more. */
export async function countLost(associations: readonly DtlsAssociation[]): Promise<number> {
  let lost = 0;
  for (let start = 0; start < associations.length; start += AT_ONCE) {
    const some = associations.slice(start, start + AT_ONCE);
    const answers = await Promise.all(some.map(async (one) => echo(one, 'are you there?')));
    lost += answers.filter((answered) => !answered).length;
  }
  return lost;
}

/** Sends until an answer comes; a datagram may be lost while the server is busy. */
async function echo(association: DtlsAssociation, text: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const answer = once(association, 'message', { signal: AbortSignal.timeout(1000) });
    if (!association.send(Buffer.from(text))) return false;
    try {
      await answer;
      return true;
    } catch {
      // Lost: again.
    }
  }
  return false;
}
