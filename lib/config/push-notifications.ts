import { count, type FilePath, integer, milliseconds, section } from './values.ts';

/** How initiators are told of the end of a push. */
export function pushNotifications(file: FilePath) {
  return section({
    authorities: file
      .optional()
      .describe(
        'PEM file: the authorities that sign the certificates of initiators’ servers; by default those of Node.',
      ),
    timeoutMilliseconds: milliseconds().default(10_000).describe('How long one attempt may take in all.'),
    maximumResponseOctets: integer(0, 1_048_576)
      .default(16_384)
      .describe('How much of the body of an answer is read; when there is more the connection is closed.'),
    maximumAttempts: integer(1, 1000).default(10).describe('Attempts before a notification is given up.'),
    firstDelayMilliseconds: milliseconds()
      .default(1000)
      .describe('The pause after the first attempt; it doubles with each one.'),
    maximumDelayMilliseconds: milliseconds().default(600_000).describe('The longest pause between two attempts.'),
    maximumConcurrent: count().default(64).describe('Attempts at once.'),
    maximumConcurrentOfInitiator: count()
      .default(8)
      .describe('Attempts at once to one initiator, so that a slow one does not delay the others.'),
    pollMilliseconds: milliseconds().default(500).describe('How often the queue is asked for notifications.'),
  });
}
