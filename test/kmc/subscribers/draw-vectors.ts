// A process of its own for the tests that kill it: draws vectors for one IMPI and prints the SQN of each.
import { verifyAutn } from '../../../kmc/aka/authentication-token.ts';
import { Milenage } from '../../../kmc/aka/milenage.ts';
import { LocalSubscriberSource, SecretKey, SubscriberDatabase } from '../../../kmc/subscribers/index.ts';
import { KEY, TEST_SUBSCRIBER } from './test-subscriber.ts';

const [path = '', count = 'endless'] = process.argv.slice(2);
const source = new LocalSubscriberSource({ database: SubscriberDatabase.open(path, new SecretKey(KEY)) });
const milenage = new Milenage(TEST_SUBSCRIBER.k, TEST_SUBSCRIBER.opc);
for (let drawn = 0; count === 'endless' || drawn < Number(count); drawn++) {
  const { vector } = await source.authenticationVector(TEST_SUBSCRIBER.impi);
  const verified = verifyAutn(milenage, vector.rand, vector.autn);
  // A file or pipe is written to at once, so what was printed had left the process before the kill.
  process.stdout.write(`${String(verified?.sqn)}\n`);
}
await source.close();
