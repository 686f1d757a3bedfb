import { choice, section } from './values.ts';

/** The `log` section. */
export function logSection() {
  return section({
    level: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('The least severe level that is written.'),
    format: choice(['auto', 'json', 'pretty'])
      .default('auto')
      .describe(
        '`json` is one object a line; `pretty` is for people; `auto` is pretty on a terminal and JSON elsewhere.',
      ),
    requests: choice(['all', 'refused', 'none'])
      .default('all')
      .describe(
        'Which SIP requests the gateway writes a line for at level info: those let in and those refused, only the latter, or none. Metrics count all of them in any case.',
      ),
  });
}
