import { REFUSAL_REASONS, refusalReason, type RefusalReason } from '../../lib/identity/index.ts';

/** docs/refusals.md */
export function refusalsPage(): string {
  const rows = (Object.keys(REFUSAL_REASONS) as RefusalReason[]).map((reason) => {
    const { status, meaning, log, told } = refusalReason(reason);
    const warning = status === 'challenge' || status === 'none' || told === false ? 'no' : 'yes';
    const level = log === 'normal' ? 'debug' : 'info';
    return `| \`${reason}\` | ${STATUS_WORDS[status] ?? String(status)} | ${warning} | ${level} | ${meaning} |`;
  });
  return `<!-- Made from the code by \`npm run docs\`; do not edit. -->

# Refusals

Whatever the gateway does not let through it refuses for one reason, which has the same name everywhere and from version to
version: \`reason\` in the log line with \`event: refused\`, the label of the metric \`osgate_sip_refused_total{reason,status}\`,
and, where the peer may know it, the Warning of the response (RFC 3261 20.43):

\`\`\`
Warning: 399 gateway.example.net "osgate: identity-not-allowed"
\`\`\`

A challenge never has a Warning: of a challenge a peer learns at most that its nonce was too old (\`stale=true\`), so that an
unknown user and a wrong password look alike. Answers that come from a target are passed on with the target's own words. A
message of which too little can be read to answer it is dropped and counted in \`osgate_sip_dropped_total\` by the same reason;
so is an ACK, which has no answer, by \`ack-\` and the reason.

| Reason | Status | Warning | Log level | Meaning |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

const STATUS_WORDS: Readonly<Record<string, string>> = { challenge: '407 or 401', none: 'dropped' };
