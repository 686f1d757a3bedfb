import { DTLS_ERROR_CODES } from '../../dtls/errors.ts';
import { KMC_ERROR_CODES } from '../../kmc/errors.ts';
import { OSGATE_ERROR_CODES } from '../../lib/errors.ts';
import { SIP_ERROR_CODES } from '../../sip/errors.ts';

const TABLES = [
  { title: 'Gateway, agent, configuration', name: 'OsgateError', from: 'osgate', codes: OSGATE_ERROR_CODES },
  { title: 'SIP engine', name: 'SipError', from: 'osgate/sip', codes: SIP_ERROR_CODES },
  { title: 'DTLS', name: 'DtlsError', from: 'osgate/dtls', codes: DTLS_ERROR_CODES },
  { title: 'Key centre', name: 'KmcError', from: 'osgate/kmc', codes: KMC_ERROR_CODES },
];

/** docs/errors.md */
export function errorsPage(): string {
  const sections = TABLES.map(({ title, name, from, codes }) => {
    const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
    return [`## ${title}`, '', `\`${name}\` of \`${from}\`.`, '', '| Code | Meaning |', '|---|---|', ...rows].join(
      '\n',
    );
  });
  return `<!-- Made from the code by \`npm run docs\`; do not edit. -->

# Errors

Every error that osgate throws has a \`code\` that stays the same from version to version; the message may change. The command
line prints \`osgate: CODE: message\` on standard error and exits with 2 when the configuration is at fault, else with 1 (the
agent has more exit codes: \`osgate agent --help\`). What a peer does wrong is never an error: it is answered, counted or dropped.

${sections.join('\n\n')}
`;
}
