import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { parseMessage } from '../../../sip/index.ts';
import { plainRead, plainValues, type PlainMessage } from '../../support/plain-message.ts';
import { FIXTURES, isResponse, tortureMessage } from './case.ts';
import { TORTURE_CASES, tortureVerdict } from './verdict.ts';

/** What a proxy must change, or may write in another way (RFC 3261 16.6). */
const HOP_BY_HOP = new Set(['via', 'max-forwards', 'max-breadth', 'content-length']);

describe('SIP torture corpus', () => {
  for (const { file, clause, says, expected } of TORTURE_CASES) {
    it(`${clause}, ${file}: ${says}: ${expected}`, () => {
      const { verdict, outcome } = tortureVerdict(file);
      expect(verdict).to.equal(expected);
      const message = tortureMessage(file);
      if (outcome.forwarded !== undefined) expectSameRequest(message, outcome.forwarded);
      if (verdict.endsWith('passed on')) expectSameResponse(message, outcome.answer);
      if (verdict.startsWith('answered')) expectOwnAnswer(message, outcome.answer);
      const known = new Set([
        '192.0.2.1:5060',
        '192.0.2.1:5050',
        '192.0.2.1:6050',
        '192.0.2.1:19823',
        '192.0.2.1:5081',
      ]);
      expect(
        outcome.destinations.filter((destination) => !known.has(destination)),
        'sent elsewhere',
      ).to.deep.equal([]);
    });
  }

  it('has a row for each fixture, and a fixture for each row', () => {
    const files = ['rfc4475', 'rfc5118', 'grown'].flatMap((folder) =>
      readdirSync(new URL(folder, FIXTURES)).map((name) => `${folder}/${name}`),
    );
    expect(TORTURE_CASES.map(({ file }) => file)).to.have.members(files);
    expect(TORTURE_CASES.filter(({ clause }) => /^RFC 4475 \d/.test(clause)).length).to.equal(49);
  });

  it('is read, written and read again without a difference', () => {
    for (const { file } of TORTURE_CASES) {
      const first = parseMessage(tortureMessage(file));
      if (!first.ok) continue;
      const written = first.message.toBuffer();
      const second = parseMessage(written);
      expect(second.ok && second.message.toBuffer().equals(written), file).to.equal(true);
      expect(second.ok && second.message.body, file).to.equal(first.message.body);
    }
  });

  const shared = new URL('../../../../shared/data/rfc4475/', import.meta.url);
  if (existsSync(shared)) {
    it('has the messages of RFC 4475 octet for octet', () => {
      const names = readdirSync(shared);
      expect(readdirSync(new URL('rfc4475/', FIXTURES))).to.have.members(names);
      for (const name of names) {
        expect(tortureMessage(`rfc4475/${name}`).equals(readFileSync(new URL(name, shared))), name).to.equal(true);
      }
    });
  }
});

/** Nothing but what RFC 3261 16.6 has a proxy change differs between what came and what went. */
function expectSameRequest(came: Buffer, went: Buffer): void {
  const before = plainRead(withoutLeadingLineBreaks(came));
  const after = plainRead(went);
  const expected = { ...before, startLine: before.startLine.replace(/ sip\/2\.0$/, ' SIP/2.0') };
  const wanted = isForStrictRouter(before) ? asForStrictRouter(expected) : expected;
  expect(after.startLine).to.equal(wanted.startLine);
  expect(endToEnd(after)).to.deep.equal(endToEnd(wanted));
  expect(after.body).to.equal(before.body);
  expect(valueOf(after, 'content-length')).to.equal(String(after.body.length));
  const hops = valueOf(before, 'max-forwards');
  expect(valueOf(after, 'max-forwards')).to.equal(hops === undefined ? '70' : String(Number(hops) - 1));
  expect(valueOf(after, 'max-breadth')).to.equal(valueOf(before, 'max-breadth') ?? '60');
  const [top = '', ...others] = plainValues(before, 'via');
  const [ours, stamped = '', ...rest] = plainValues(after, 'via');
  expect(ours).to.match(/^SIP\/2\.0\/UDP 192\.0\.2\.1:5070;branch=z9hG4bK[0-9a-f]+-[0-9a-z]+;rport$/);
  expect(bare(stamped)).to.equal(bare(top));
  expect(rest).to.deep.equal(others);
}

function expectSameResponse(came: Buffer, went: Buffer | undefined): void {
  expect(went, 'what went upstream').to.not.equal(undefined);
  if (went === undefined) return;
  const before = plainRead(came);
  const after = plainRead(went);
  expect(after.startLine).to.equal(before.startLine);
  expect(endToEnd(after)).to.deep.equal(endToEnd(before));
  expect(after.body).to.equal(before.body);
}

/** An answer of our own brings back what matches it with its request (RFC 3261 8.2.6), as far as the request has it. */
function expectOwnAnswer(came: Buffer, went: Buffer | undefined): void {
  expect(went !== undefined && isResponse(went)).to.equal(true);
  const answer = plainRead(went ?? came);
  const text = withoutLeadingLineBreaks(came).toString('latin1');
  const branch = /branch=([^;\s,]+)/.exec(valueOf(answer, 'via') ?? '')?.[1];
  if (branch !== undefined) expect(text).to.contain(branch);
  for (const name of ['call-id', 'cseq', 'from']) {
    const value = valueOf(answer, name);
    if (value !== undefined) expect(text.replace(/[ \t\r\n]+/g, ' '), name).to.contain(value);
  }
  expect(answer.body).to.equal('');
}

/** Fields by name, in the order of each name; the order among names means nothing (RFC 3261 7.3.1). */
function endToEnd({ fields }: PlainMessage): Record<string, string[]> {
  const byName: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of fields) {
    if (HOP_BY_HOP.has(name)) continue;
    // The proxy core takes Route values of its own off.
    const kept = name === 'route' ? value.replace(/<sip:192\.0\.2\.1:5070;lr>(, )?/g, '') : value;
    if (name !== 'route' || kept !== '') (byName[name] ??= []).push(kept);
  }
  return byName;
}

function isForStrictRouter(message: PlainMessage): boolean {
  const [top] = plainValues(message, 'route');
  return top !== undefined && !/;\s*lr/i.test(top);
}

/** Request-URI and the one Route change places (RFC 3261 16.6 step 6). */
function asForStrictRouter(message: PlainMessage): PlainMessage {
  const [method = '', uri = ''] = message.startLine.split(' ');
  const route = /<([^>]*)>/.exec(valueOf(message, 'route') ?? '')?.[1] ?? '';
  const fields = message.fields.map(([name, value]): [string, string] => [name, name === 'route' ? `<${uri}>` : value]);
  return { ...message, startLine: `${method} ${route} SIP/2.0`, fields };
}

function valueOf({ fields }: PlainMessage, name: string): string | undefined {
  return fields.find(([field]) => field === name)?.[1];
}

/** A Via without what the proxy adds to it, white space and case of the host. */
function bare(via: string): string {
  return via
    .replace(/;\s*received\s*=[^;]*/, '')
    .replace(/;rport=\d+/, ';rport')
    .replace(/\s*([;=/])\s*/g, '$1')
    .toLowerCase();
}

function withoutLeadingLineBreaks(message: Buffer): Buffer {
  return Buffer.from(message.toString('latin1').replace(/^[\r\n]+/, ''), 'latin1');
}
