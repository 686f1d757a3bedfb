import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { expect } from 'chai';

import { SUBMISSION_SCHEMA } from '../../../lib/push/initiators/json-schemas.ts';
import { readPapEntities } from '../../../lib/push/initiators/pap-entities.ts';
import { submissionOf, type SubmissionBody, type SubmissionReading } from '../../../lib/push/initiators/push-json.ts';
import {
  boundaryOf,
  papAddressOf,
  parseMultipart,
  PAP_CODES,
  privateIdentity,
  publicIdentity,
  readPap,
  recipientOfPapAddress,
  writePapAnswer,
  type BodyPart,
  type PapReading,
} from '../../../push/index.ts';
import { attribute } from '../../../push/initiators/pap/pap-xml.ts';
import type { FuzzTarget } from '../../sip/fuzz/targets.ts';

const HEAD =
  '<?xml version="1.0"?>\n<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 2.1//EN" "http://www.openmobilealliance.org/tech/DTD/pap_2.1.dtd">\n';
const ADDRESS = '<address address-value="WAPPUSH=sip%3Aalice%40example.com/TYPE=USER@ppg.example.net"/>';
const PUSH =
  `${HEAD}<pap product-name="x"><push-message push-id="1&amp;2@initiator.example.com" deliver-before-timestamp="2027-01-01T13:00:00Z"` +
  ' deliver-after-timestamp="2027-01-01T12:30:00Z" progress-notes-requested="true" replace-push-id="0" replace-method="all"' +
  ` ppg-notify-requested-to="https://initiator.example.com/results">${ADDRESS}` +
  '<quality-of-service priority="high" delivery-method="confirmed" network-required="false"/></push-message></pap>';
const DOCUMENTS = [
  PUSH,
  `${HEAD}<pap><cancel-message push-id="1">${ADDRESS}</cancel-message></pap>`,
  `${HEAD}<pap><statusquery-message push-id="&#x31;&#49;"/></pap>`,
  `${HEAD}<pap><ccq-message>${ADDRESS}</ccq-message></pap>`,
  '<!DOCTYPE pap [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><pap><cancel-message push-id="&b;"/></pap>',
  '<pap><![CDATA[x]]><!-- x --><?x y?><__proto__ constructor="1"/><cancel-message push-id="&lt;&gt;&quot;&apos;"/></pap>',
];

/** Writes the request again, with what it says of a push. */
function rewritten(reading: PapReading): string | undefined {
  if (!reading.ok || reading.request.kind === 'not-implemented') return undefined;
  const { pushId, addresses } = reading.request;
  const list = addresses.map((address) => `<address${attribute('address-value', address)}/>`).join('');
  return `<pap><cancel-message${attribute('push-id', pushId)}>${list}</cancel-message></pap>`;
}

function checkPap(text: string): void {
  const reading = readPap(text);
  expect(Object.keys(Object.prototype), 'properties of every object').to.deep.equal([]);
  const again = rewritten(reading);
  if (again === undefined) {
    // What is wrong with it is told to the initiator in a document.
    const detail = reading.ok ? reading.request.kind : reading.problem;
    writePapAnswer({ kind: 'bad-message', result: PAP_CODES.badRequest, detail });
    return;
  }
  // Escaped it may be longer than a document may be.
  if (again.length <= 65_536) expect(rewritten(readPap(again)), again).to.equal(again);
}

const BOUNDARY = 'osgate-1';
const CONTENT_TYPE = `multipart/related; boundary="${BOUNDARY}"; type="application/xml"`;
const BOUNDS = { maximumParts: 3, maximumFieldOctets: 4096 };
const BODIES = [
  `--${BOUNDARY}\r\nContent-Type: application/xml\r\n\r\n${PUSH}\r\n--${BOUNDARY}\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n` +
    `X-Wap-Application-Id: x-oma-application:ulp.ua\r\n\r\nrain at noon\r\n--${BOUNDARY}--\r\n`,
  `preamble\r\n--${BOUNDARY} \t\r\n\r\nx\r\n--${BOUNDARY}\r\nA: b\r\n\r\n\r\n--${BOUNDARY}--epilogue`,
  `--${BOUNDARY}\r\n\r\n${`\r\n--${BOUNDARY} x`.repeat(50)}\r\n--${BOUNDARY}--`,
];

function readBody(text: string): BodyPart[] | undefined {
  const octets = Buffer.from(text, 'latin1');
  const entities = readPapEntities(CONTENT_TYPE, octets);
  if (entities.ok) readPap(entities.control);
  return parseMultipart(octets, boundaryOf(CONTENT_TYPE) ?? '', BOUNDS);
}

function written(parts: readonly BodyPart[]): string {
  const body = parts.map(({ fields, content }) => {
    const head = [...fields].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `--${BOUNDARY}\r\n${head}\r\n${content.toString('latin1')}\r\n`;
  });
  return `${body.join('')}--${BOUNDARY}--`;
}

function checkBody(text: string): void {
  const parts = readBody(text);
  if (parts === undefined) return;
  expect(parts).to.have.length.within(1, BOUNDS.maximumParts);
  const again = parseMultipart(Buffer.from(written(parts), 'latin1'), BOUNDARY, BOUNDS);
  expect(again?.map(written1)).to.deep.equal(parts.map(written1));
}

const written1 = (part: BodyPart): string => written([part]);

/** As fastify has it for the server (initiator-server.ts). */
const ajv = addFormats.default(new Ajv({ removeAdditional: false, coerceTypes: false, useDefaults: false }));
const isSubmission = ajv.compile<SubmissionBody>(SUBMISSION_SCHEMA);

const SUBMISSION = {
  ...{
    id: '4711',
    recipient: { type: 'impu', value: 'sip:alice@example.com' },
    contentType: 'text/plain;charset=utf-8',
  },
  ...{
    content: 'rain at noon',
    priority: 'medium',
    deliverBefore: '2027-01-01T12:00:00Z',
    deliverAfter: '2026-12-31T23:59:60Z',
  },
  ...{
    notifyUrl: 'https://weather.example.com/results/4711',
    replaces: '4710',
    applicationId: 'x-oma-application:ulp.ua',
  },
};
const { content, ...rest } = SUBMISSION;
const SUBMISSIONS = [
  JSON.stringify(SUBMISSION),
  JSON.stringify({ ...rest, contentBase64: Buffer.from(content).toString('base64') }),
  '{"recipient":{"type":"impi","value":"\\ud800@home1.example"},"contentType":"a/b","content":"\\udfff","__proto__":{"x":1}}',
  '{"recipient":{"type":"impi","value":"alice@home1.example"},"contentType":"a/b","contentBase64":"AA=="}',
];

function readSubmission(text: string): SubmissionReading | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // Fastify answers 400.
    return undefined;
  }
  return isSubmission(body) ? submissionOf(body) : undefined;
}

function checkSubmission(text: string): void {
  const reading = readSubmission(text);
  if (reading?.ok !== true) return;
  const { recipient, deliverAfter, deliverBefore, content: octets } = reading.submission;
  checkRecipient(recipient);
  for (const time of [deliverAfter, deliverBefore]) if (time !== undefined) new Date(time).toISOString();
  const again = readSubmission(
    JSON.stringify({ ...JSON.parse(text), content: undefined, contentBase64: octets.toString('base64') }),
  );
  expect(again).to.deep.equal(reading);
}

/** Whoever is pushed to can be written into the database, and into a notification of PAP, and is the same when read again. */
function checkRecipient(recipient: ReturnType<typeof publicIdentity>): void {
  if (recipient === undefined) return;
  const { value } = recipient;
  expect(Buffer.from(value, 'utf8').toString('utf8'), 'in UTF-8').to.equal(value);
  expect(value).not.to.match(/[\r\n\0]/);
  if (value.length < 100)
    expect(recipientOfPapAddress(papAddressOf(recipient, 'ppg.example.net'))).to.deep.equal(recipient);
}

/** The octets as UTF-8, as Latin-1, and as UTF-16, which has halves of characters. */
function identities(text: string): ReturnType<typeof publicIdentity>[] {
  const octets = Buffer.from(text, 'latin1');
  return [text, octets.toString('utf8'), octets.toString('utf16le')].flatMap((value) => [
    publicIdentity(value),
    privateIdentity(value),
    recipientOfPapAddress(value),
  ]);
}

const IDENTITIES = [
  ...[
    'sip:alice@example.com',
    'sips:alice;x=y?z:secret@[2001:db8::1]:5061;lr',
    'tel:+49(170)123.45-67',
    'alice@home1.example',
  ],
  ...['WAPPUSH=alice%40home1.example/TYPE=USER@ppg.example.net', 'WAPPUSH=+491701234567/TYPE=PLMN@ppg.example.net'],
  ...[
    'WAPPUSH=sip%3Aalice%40example.com/TYPE=USER@ppg.example.net',
    `sip:${'a'.repeat(240)}@b`,
    'WAPPUSH=%c3%28/TYPE=USER@a',
  ],
  Buffer.from('\ud83d\ude00\ud83d@home1.example', 'utf16le').toString('latin1'),
  Buffer.from('ærø@home1.example').toString('latin1'),
];

/** What initiators hand in. Texts are Latin-1, one character an octet. */
export const PUSH_INITIATOR_FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'push-pap', corpus: DOCUMENTS, read: readPap, check: checkPap },
  { name: 'push-multipart', corpus: BODIES, read: readBody, check: checkBody },
  { name: 'push-json', corpus: SUBMISSIONS, read: readSubmission, check: checkSubmission },
  {
    name: 'push-identity',
    corpus: IDENTITIES,
    read: identities,
    check: (text) => {
      for (const recipient of identities(text)) checkRecipient(recipient);
    },
  },
];
