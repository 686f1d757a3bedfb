import { z } from 'zod';

import { flag, integer, milliseconds, section } from './values.ts';

/** As many slots as a branch mark of two hexadecimal digits can name, in a machine of today. */
const MAXIMUM_WORKERS = 64;

/** `gateway.workers`. */
export function workers() {
  return z
    .union([integer(1, MAXIMUM_WORKERS), z.literal('auto')], {
      error: `a number from 1 to ${MAXIMUM_WORKERS}, or auto`,
    })
    .default(1)
    .describe(
      'Worker processes that share the listeners; `auto` is one a processor core. With 1 there is no supervisor, all is one process.',
    );
}

/** `gateway.supervision`. */
export function supervision() {
  return section({
    restartDelayMilliseconds: milliseconds()
      .default(100)
      .describe(
        'A worker that dies is started again at once; when it dies again before stableAfterMilliseconds, after this time, and twice as long each further time.',
      ),
    restartDelayMaximumMilliseconds: milliseconds().default(10_000).describe('The longest such time.'),
    stableAfterMilliseconds: milliseconds()
      .default(10_000)
      .describe('A worker that has lived this long counts as healthy again.'),
    spareWorker: flag()
      .default(true)
      .describe(
        'Whether one more process stands by, with the program loaded, to take the place of a worker that dies: a second or two sooner, for some 60 MB.',
      ),
    answerMilliseconds: milliseconds()
      .default(1000)
      .describe('How long the supervisor waits for the answer of a worker (metrics, admin API, reload).'),
    relayQueueBytes: integer(65_536, 1_073_741_824)
      .default(4_194_304)
      .describe('What may wait on its way from one worker to another, in octets, for each of them.'),
  });
}

/** `gateway.drainDelayMilliseconds`. */
export function drainDelay() {
  return milliseconds(0)
    .default(0)
    .describe(
      'How long new sessions are still taken after SIGTERM, while GET /ready says 503 already: the time that whoever shares requests out needs to notice.',
    );
}
