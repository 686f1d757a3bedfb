import { flag, host, integer, section, text } from './values.ts';

/** `ops.hep`. */
export function hepSection() {
  return section({
    host: host().describe('The collector: a Homer server, or what speaks HEP v3.'),
    port: integer(1, 65_535).default(9060).describe('Its UDP port.'),
    captureId: integer(1, 0xffff_ffff).default(2001).describe('The number of this capture agent.'),
    password: text('a password of the collector')
      .optional()
      .describe('The authentication key that the collector wants. HEP sends it as it is.'),
    nodeName: text('a name').default('osgate').describe('The name of this node in what is captured.'),
    locationBodies: flag()
      .default(false)
      .describe('Whether bodies with a location (application/pidf+xml) are sent too; otherwise they are cut out.'),
    security: flag()
      .default(true)
      .describe(
        'Whether each authentication is told too, as a log record beside the call: scheme, outcome, and a hash of the B-TID.',
      ),
    queueBytes: integer(65_536, 1_073_741_824)
      .default(4_194_304)
      .describe('What may wait to be sent, in octets; beyond it copies are dropped and counted.'),
  });
}
