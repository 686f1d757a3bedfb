/** One step of a SIPp scenario: `<send>`, `<recv>` or what else there is between the tags of `<scenario>`. */
const STEP = /<!--[\s\S]*?-->|<(send|recv|pause|nop)\b[^>]*?(?:\/>|>[\s\S]*?<\/\1>)/g;

/**
 * A SIPp scenario as it goes where requests need no digest, such as over a DTLS association: each request that is only there
 * to be challenged goes, with the challenge, with the ACK to it, and with the credentials in the next request.
 */
export function withoutDigest(scenario: string): string {
  const steps = [...scenario.matchAll(STEP)].map((match) => ({ text: match[0], start: match.index, gone: false }));
  for (const [index, { text }] of steps.entries()) {
    if (!text.startsWith('<recv') || !/\bauth="true"/.test(text)) continue;
    const challenged = steps.findLastIndex((step, at) => at < index && step.text.startsWith('<send'));
    for (const step of steps.slice(challenged, index + 1)) step.gone = true;
    const next = steps[index + 1];
    if (next !== undefined && /<!\[CDATA\[\s*ACK /.test(next.text)) next.gone = true;
  }
  let kept = scenario;
  for (const { text, start, gone } of steps.toReversed()) {
    if (gone) kept = kept.slice(0, start).trimEnd() + kept.slice(start + text.length);
  }
  return kept.replace(/^[ \t]*\[field0\][ \t]*\r?\n/gm, '');
}
