// A process of its own: opens a subscriber database at a given moment, so that several make the file at once.
import { SecretKey, SubscriberDatabase } from '../../../kmc/subscribers/index.ts';
import { KEY } from './test-subscriber.ts';

const [path = '', start = '0'] = process.argv.slice(2);
while (Date.now() < Number(start));
SubscriberDatabase.open(path, new SecretKey(KEY)).close();
