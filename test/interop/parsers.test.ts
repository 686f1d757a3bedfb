import { expect } from 'chai';

import { stripFromUntrusted } from '../../lib/identity/index.ts';
import { parseMessage, SipRequest } from '../../sip/index.ts';
import { isResponse, tortureMessage } from '../sip/torture/case.ts';
import { TORTURE_CASES, tortureVerdict } from '../sip/torture/verdict.ts';
import { drachtioReader } from './readers/drachtio-reader.ts';
import { EXPLANATIONS, type Explanation } from './readers/explanations.ts';
import { KamailioReader } from './readers/kamailio-reader.ts';
import { osgateReader } from './readers/osgate-reader.ts';
import { differences, type Reader } from './readers/reading.ts';
import { sipJsReader } from './readers/sip-js-reader.ts';

describe('other parsers on the torture corpus', function () {
  this.timeout(60_000);
  let kamailio: KamailioReader;

  before(async () => {
    kamailio = await KamailioReader.start();
  });

  after(async () => {
    await kamailio.stop();
  });

  const readers: readonly (readonly [name: string, reader: () => Reader])[] = [
    ['Kamailio 5.6', () => kamailio],
    ['drachtio-srf', () => drachtioReader],
    ['sip.js', () => sipJsReader],
  ];

  for (const [name, reader] of readers) {
    it(`lesson 23: ${name} reads what comes in as osgate does, but for what is explained`, async () => {
      const found: string[] = [];
      for (const { file } of TORTURE_CASES) {
        const message = tortureMessage(file);
        const differs = differences(await osgateReader.read(message), await reader().read(message));
        if (differs.length > 0) found.push(`${file}: ${differs.join(',')}`);
      }
      expectExplained(found, explained('came', name));
    });

    it(`lesson 23: ${name} reads what osgate forwards as osgate read it, but for what is explained`, async () => {
      const found: string[] = [];
      for (const { file } of TORTURE_CASES) {
        const went = forwarded(file);
        if (went === undefined) continue;
        // Not what osgate makes of its own writing, but what it made of the message that came, decides.
        const read = await osgateReader.read(tortureMessage(file));
        const differs = differences(read, await reader().read(went));
        if (differs.length > 0) found.push(`${file}: ${differs.join(',')}`);
      }
      expectExplained(found, explained('went', name));
    });

    it(`lesson 23: ${name} reads the identity that the edge asserts, and no other, in whatever the edge lets through`, async () => {
      const identity = 'sip:proved@example.com';
      const silent = explained('went', name).filter((line) => line.endsWith(': verdict'));
      for (const { file } of TORTURE_CASES) {
        const result = parseMessage(tortureMessage(file));
        if (!result.ok || !(result.message instanceof SipRequest) || forwarded(file) === undefined) continue;
        const request = result.message;
        // As SipEdge does it.
        stripFromUntrusted(request);
        request.prepend('P-Asserted-Identity', `<${identity}>`);
        request.prepend('Via', 'SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKedge;rport');
        const reading = await reader().read(request.toBuffer());
        if (silent.includes(`${file}: verdict`)) continue;
        const hidden = explained('asserted', name).includes(`${file}: identityUri`);
        expect(reading?.identityUri, file).to.equal(hidden ? '' : identity);
        expect(reading?.remotePartyId, file).to.equal('');
        expect(reading?.preferredIdentity, file).to.equal('');
      }
    });
  }
});

/** What goes out on the other side, be it a request or a response. */
function forwarded(file: string): Buffer | undefined {
  const { verdict, outcome } = tortureVerdict(file);
  if (!isResponse(tortureMessage(file))) return outcome.forwarded;
  return verdict.endsWith('passed on') ? outcome.answer : undefined;
}

function expectExplained(found: readonly string[], known: readonly string[]): void {
  expect(
    found.filter((line) => !known.includes(line)),
    'disagreements without an explanation',
  ).to.deep.equal([]);
  expect(
    known.filter((line) => !found.includes(line)),
    'explanations that no longer apply',
  ).to.deep.equal([]);
}

function explained(side: Explanation['side'], reader: string): string[] {
  return EXPLANATIONS.filter((explanation) => explanation.side === side && explanation.reader === reader).flatMap(
    ({ files, differs }) => files.map((file) => `${file}: ${differs}`),
  );
}
