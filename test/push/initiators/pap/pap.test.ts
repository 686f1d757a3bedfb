import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import fc from 'fast-check';

import {
  boundaryOf,
  PAP_CODES,
  parseMultipart,
  readPap,
  recipientOfPapAddress,
  writePapAnswer,
  writePapResultNotification,
  type PapAnswer,
  type PapReading,
} from '../../../../push/initiators/pap/index.ts';

const DTD = fileURLToPath(new URL('../../../fixtures/pap/pap.dtd', import.meta.url));
const NOW = Date.UTC(2027, 0, 1, 12);
const DOCTYPE =
  '<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 2.1//EN" "http://www.openmobilealliance.org/tech/DTD/pap_2.1.dtd">';
const ADDRESS = '<address address-value="sip:alice@example.com"/>';

const pap = (message: string): string => `<?xml version="1.0"?>\n${DOCTYPE}<pap product-name="x">${message}</pap>`;

const problemOf = (reading: PapReading): string => (reading.ok ? `read as ${reading.request.kind}` : reading.problem);

describe('PAP, requests', () => {
  it('reads a push with all that it may say', () => {
    const reading = readPap(
      pap(`<push-message push-id="1&amp;2@initiator.example.com" deliver-before-timestamp="2027-01-01T13:00:00Z"
        deliver-after-timestamp="2027-01-01T12:30:00Z" source-reference="x" progress-notes-requested="true"
        ppg-notify-requested-to="https://initiator.example.com/results" replace-push-id="0" replace-method="pending-only">
        <address address-value="WAPPUSH=alice%40home1.example/TYPE=USER@ppg.example.net"/>
        <quality-of-service priority="high" delivery-method="confirmed" network-required="false" bearer-required="true"/>
      </push-message>`),
    );
    expect(reading).to.deep.equal({
      ok: true,
      request: {
        kind: 'push',
        pushId: '1&2@initiator.example.com',
        addresses: ['WAPPUSH=alice%40home1.example/TYPE=USER@ppg.example.net'],
        deliverBefore: NOW + 3_600_000,
        deliverAfter: NOW + 1_800_000,
        notifyUrl: 'https://initiator.example.com/results',
        progressNotesRequested: true,
        replacePushId: '0',
        replaceMethod: 'pending-only',
        priority: 'high',
        deliveryMethod: 'confirmed',
        networkRequired: false,
        bearerRequired: true,
      },
    });
  });

  it('fills in what a push does not say as the DTD does', () => {
    const reading = readPap(pap(`<push-message push-id="1">${ADDRESS}</push-message>`));
    expect(reading.ok && reading.request).to.deep.include({
      progressNotesRequested: false,
      replaceMethod: 'all',
      priority: 'medium',
      deliveryMethod: 'notspecified',
    });
  });

  it('reads cancellations, questions, and what it does not serve', () => {
    const of = (message: string): unknown => {
      const reading = readPap(pap(message));
      return reading.ok ? reading.request : reading.problem;
    };
    expect(of(`<cancel-message push-id="1">${ADDRESS}</cancel-message>`)).to.deep.equal({
      kind: 'cancel',
      pushId: '1',
      addresses: ['sip:alice@example.com'],
    });
    expect(of('<statusquery-message push-id="1"/>')).to.deep.equal({
      kind: 'status-query',
      pushId: '1',
      addresses: [],
    });
    expect(of(`<ccq-message>${ADDRESS}</ccq-message>`)).to.deep.equal({
      kind: 'not-implemented',
      element: 'ccq-message',
    });
  });

  const wrong: Record<string, [xml: string, problem: RegExp]> = {
    'no XML': ['hello', /no document/],
    'a document that is cut': [pap('<push-message push-id="1">').slice(0, -10), /no document/],
    'another document': ['<?xml version="1.0"?><html/>', /no document/],
    'two messages': [pap('<cancel-message push-id="1"/><statusquery-message push-id="1"/>'), /not one message/],
    'the same message twice': [pap('<cancel-message push-id="1"/><cancel-message push-id="1"/>'), /not one message/],
    'no message': [pap(''), /no document|not one message/],
    'an unknown message': [pap('<push-it push-id="1"/>'), /push-it is no request/],
    'no push-id': [pap(`<push-message>${ADDRESS}</push-message>`), /push-id/],
    'no address': [pap('<push-message push-id="1"/>'), /no address/],
    'an empty address': [pap('<push-message push-id="1"><address/></push-message>'), /address-value/],
    'too many addresses': [pap(`<push-message push-id="1">${ADDRESS.repeat(101)}</push-message>`), /more than 100/],
    'a time without a zone': [
      pap(`<push-message push-id="1" deliver-before-timestamp="2027-01-01T13:00:00">${ADDRESS}</push-message>`),
      /deliver-before-timestamp/,
    ],
    'a time that is none': [
      pap(`<push-message push-id="1" deliver-after-timestamp="2027-13-01T13:00:00Z">${ADDRESS}</push-message>`),
      /deliver-after-timestamp/,
    ],
    'an unknown priority': [
      pap(`<push-message push-id="1">${ADDRESS}<quality-of-service priority="urgent"/></push-message>`),
      /priority/,
    ],
    'more than 64 KB': [pap(`<cancel-message push-id="${'x'.repeat(70_000)}"/>`), /no document/],
  };
  for (const [what, [xml, expected]] of Object.entries(wrong)) {
    it(`says what is wrong with ${what}`, () => {
      expect(problemOf(readPap(xml))).to.match(expected);
    });
  }

  it('declares no entities, whatever a document says', () => {
    const swelling = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">';
    const reading = '<!ENTITY secret SYSTEM "file:///etc/passwd">';
    for (const declarations of [swelling, reading]) {
      const xml = `<?xml version="1.0"?><!DOCTYPE pap [${declarations}]><pap><cancel-message push-id="&b;&secret;"/></pap>`;
      expect(problemOf(readPap(xml))).to.match(/no document/);
    }
  });

  it('never throws for any document', () => {
    const piece = fc.constantFrom(
      ...['<pap>', '</pap>', '<push-message push-id="1">', '</push-message>', ADDRESS, '<!DOCTYPE pap>', '<!', '&#x0;'],
      ...['<?xml version="1.0"?>', 'push-id="', '>', '<', '&lt;', '__proto__', '<constructor/>', '<address ', '"'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, text) => {
        problemOf(readPap(pieces.join('')));
        problemOf(readPap(pap(pieces.join('') + text)));
      }),
      { numRuns: 2000 },
    );
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });
});

describe('PAP, answers', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-pap-'));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  function validate(xml: string): void {
    const file = join(folder, 'answer.xml');
    writeFileSync(file, xml);
    execFileSync('xmllint', ['--noout', '--nonet', '--dtdvalid', DTD, file], { stdio: 'pipe' });
  }

  const odd = 'a"<b>&\u0000\n\ud800';
  const answers: Record<string, PapAnswer> = {
    'an accepted push': {
      kind: 'push',
      pushId: odd,
      result: PAP_CODES.acceptedForProcessing,
      replyTime: NOW,
      progress: { stage: 'accepted', note: odd, time: NOW },
    },
    'a refused push': { kind: 'push', pushId: '1', result: PAP_CODES.forbidden, detail: odd, replyTime: NOW },
    'a cancellation': { kind: 'cancel', pushId: '1', result: PAP_CODES.ok, addresses: [odd, 'sip:a@b'] },
    'a status': {
      kind: 'status-query',
      pushId: '1',
      result: PAP_CODES.ok,
      addresses: ['sip:a@b'],
      state: 'undeliverable',
      eventTime: NOW,
    },
    'an unknown push': { kind: 'status-query', pushId: '1', result: PAP_CODES.pushIdNotFound, addresses: [] },
    'a bad message': { kind: 'bad-message', result: PAP_CODES.badRequest, detail: odd },
  };
  for (const [what, answer] of Object.entries(answers)) {
    it(`writes ${what} as the DTD has it`, () => {
      validate(writePapAnswer(answer));
    });
  }

  it('writes the notification of a result as the DTD has it', () => {
    const xml = writePapResultNotification({
      pushId: '1',
      address: 'sip:alice@example.com',
      receivedTime: NOW,
      eventTime: NOW + 1500,
      state: 'delivered',
      result: PAP_CODES.ok,
    });
    validate(xml);
    expect(xml).to.include('event-time="2027-01-01T12:00:01Z"').and.include('message-state="delivered"');
  });

  it('would notice an answer that the DTD does not have', () => {
    expect(() => {
      validate(writePapAnswer({ kind: 'bad-message', result: PAP_CODES.badRequest }).replace(' code=', ' cod='));
    }).to.throw();
  });
});

describe('PAP, addresses', () => {
  const recipients: Record<string, ReturnType<typeof recipientOfPapAddress>> = {
    'WAPPUSH=alice%40home1.example/TYPE=USER@ppg.example.net': { type: 'impi', value: 'alice@home1.example' },
    'WAPPUSH=sip%3Aalice%40example.com/TYPE=USER@ppg.example.net': { type: 'impu', value: 'sip:alice@example.com' },
    'WAPPUSH=+491701234567/TYPE=PLMN@ppg.example.net': { type: 'impu', value: 'tel:+491701234567' },
    'wappush=+491701234567/type=plmn@ppg.example.net': { type: 'impu', value: 'tel:+491701234567' },
    'sip:alice@example.com': { type: 'impu', value: 'sip:alice@example.com' },
    'tel:+491701234567': { type: 'impu', value: 'tel:+491701234567' },
    'WAPPUSH=192.0.2.1/TYPE=IPv4@ppg.example.net': undefined,
    'WAPPUSH=1234/TYPE=PLMN@ppg.example.net': undefined,
    'WAPPUSH=alice/TYPE=USER@ppg.example.net': undefined,
    'WAPPUSH=%ff%40x/TYPE=USER@ppg.example.net': undefined,
    'sip:alice @example.com': undefined,
    'sip:alice@example.com;x@example.net': undefined,
    'sip:alice%40home@example.com': { type: 'impu', value: 'sip:alice%40home@example.com' },
    'alice@example.com': undefined,
    '': undefined,
  };
  for (const [address, recipient] of Object.entries(recipients)) {
    it(`${address === '' ? 'the empty one' : address} is ${recipient?.value ?? 'nobody'}`, () => {
      expect(recipientOfPapAddress(address)).to.deep.equal(recipient);
    });
  }
});

describe('multipart', () => {
  const BOUNDS = { maximumParts: 3, maximumFieldOctets: 1000 };
  const parse = (body: string | Buffer): [Record<string, string>, string][] | undefined =>
    parseMultipart(Buffer.from(body as string, 'latin1'), 'asdf', BOUNDS)?.map(({ fields, content }) => [
      Object.fromEntries(fields),
      content.toString('latin1'),
    ]);

  it('takes the boundary, quoted or not', () => {
    expect(boundaryOf('multipart/related; boundary=asdlfkjiurwghasf; type="application/xml"')).to.equal(
      'asdlfkjiurwghasf',
    );
    expect(boundaryOf('multipart/related; type="application/xml"; BOUNDARY="a b=c"')).to.equal('a b=c');
    for (const type of [
      'multipart/related',
      'multipart/related; boundary=""',
      'x; boundary="a "',
      `x; boundary=${'a'.repeat(71)}`,
    ]) {
      expect(boundaryOf(type), type).to.equal(undefined);
    }
  });

  it('gives parts with their fields, whatever octets are in them', () => {
    const octets = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const body =
      'preamble\r\n--asdf\r\nContent-Type: application/xml;\r\n charset=utf-8\r\nX: 1\r\nX: 2\r\n\r\n<pap/>\r\n' +
      `--asdf  \r\nContent-Type: x/y\r\n\r\n--asd\r\n--asdfg\r\n${octets}\r\n--asdf--\r\nepilogue`;
    expect(parse(body)).to.deep.equal([
      [{ 'content-type': 'application/xml; charset=utf-8', x: '1' }, '<pap/>'],
      [{ 'content-type': 'x/y' }, `--asd\r\n--asdfg\r\n${octets}`],
    ]);
  });

  it('takes parts without fields or content', () => {
    expect(parse('--asdf\r\n\r\nx\r\n--asdf\r\nA: b\r\n\r\n\r\n--asdf--')).to.deep.equal([
      [{}, 'x'],
      [{ a: 'b' }, ''],
    ]);
  });

  it('refuses what is cut, has too many parts, or fields that are none', () => {
    const wrong = [
      '',
      '--asdf',
      '--asdf--',
      '--asdf\r\n\r\nx',
      '--asdf\r\n\r\nx\r\n--asdf',
      '--asdf\r\nno field\r\n\r\nx\r\n--asdf--',
      '--asdf\r\nA: b\r\nx\r\n--asdf--',
      '--asdf\n\nx\n--asdf--',
      `--asdf\r\nA: ${'b'.repeat(1000)}\r\n\r\nx\r\n--asdf--`,
      `${'--asdf\r\n\r\nx\r\n'.repeat(4)}--asdf--`,
    ];
    for (const body of wrong) expect(parse(body), JSON.stringify(body)).to.equal(undefined);
  });

  it('never throws, and takes no longer for a body full of almost delimiters', () => {
    const body = Buffer.from(`--asdf\r\n\r\n${'\r\n--asdf x'.repeat(50_000)}`);
    expect(parseMultipart(body, 'asdf', BOUNDS)).to.equal(undefined);
    const piece = fc.constantFrom('--asdf', '\r\n', '--', 'A: b', ' ', 'x', '\n', '\r', ':');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        parse(pieces.join(''));
      }),
      { numRuns: 3000 },
    );
  });
});
