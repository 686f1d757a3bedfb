import { expect } from 'chai';
import fc from 'fast-check';

import { isKeepAlive, parseMessage, SipRequest, SipResponse, type ParseResult } from '../../../sip/index.ts';

const LINES = [
  'MESSAGE sip:bob@example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@example.com>;tag=1',
  'To: <sip:bob@example.com>',
  'Call-ID: a@192.0.2.1',
  'CSeq: 1 MESSAGE',
  'Content-Length: 5',
];

const build = (lines: readonly string[], body = 'hello'): Buffer =>
  Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
const parse = (lines: readonly string[], body = 'hello'): ParseResult => parseMessage(build(lines, body));
const replaced = (from: string, to: string): string[] => LINES.map((line) => (line.startsWith(from) ? to : line));

const request = (result: ParseResult): SipRequest => {
  if (!result.ok) throw new Error(`refused: ${result.failure}`);
  expect(result.message).to.be.instanceOf(SipRequest);
  return result.message as SipRequest;
};
const failure = (result: ParseResult): string => (result.ok ? 'accepted' : result.failure);

describe('SIP parser', () => {
  it('reads a request', () => {
    const message = request(parse(LINES));
    expect(message.method).to.equal('MESSAGE');
    expect(message.uri).to.equal('sip:bob@example.com');
    expect(message.callId).to.equal('a@192.0.2.1');
    expect(message.cseq).to.deep.equal({ sequence: 1, method: 'MESSAGE' });
    expect(message.from.displayName).to.equal('Alice');
    expect(message.topVia?.branch).to.equal('z9hG4bK1');
    expect(message.topVia?.rport).to.equal(true);
    expect(message.body).to.equal('hello');
  });

  it('reads a response, with and without a phrase', () => {
    for (const line of ['SIP/2.0 200 OK', 'SIP/2.0 200 ', 'SIP/2.0 200']) {
      const result = parse([line, ...LINES.slice(1)]);
      expect(result.ok && result.message instanceof SipResponse && result.message.status, line).to.equal(200);
    }
  });

  it('reads compact forms, odd case, white space before the colon and folded lines, and writes them one way', () => {
    const message = request(
      parse([
        'MESSAGE sip:bob@example.com SIP/2.0',
        'v: SIP / 2.0 / UDP 192.0.2.1;branch=z9hG4bK1',
        'f : sip:alice@example.com;tag=1',
        't: <sip:bob@example.com>',
        'I:\t a@b',
        'cSEQ: 1',
        '  MESSAGE',
        'SUBJECT: one',
        '\ttwo  ',
        'x-odd-HEADER: y',
        'l: 5',
      ]),
    );
    const text = message.toBuffer().toString('latin1');
    for (const line of [
      'Call-ID: a@b',
      'CSeq: 1 MESSAGE',
      'Subject: one two',
      'X-Odd-Header: y',
      'From: sip:alice@example.com;tag=1',
    ]) {
      expect(text).to.contain(`${line}\r\n`);
    }
    expect(message.topVia?.host).to.equal('192.0.2.1');
  });

  it('keeps bodies of any octets', () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
    const datagram = Buffer.concat([build(replaced('Content-Length', 'Content-Length: 256'), ''), body]);
    const message = request(parseMessage(datagram));
    expect(message.bodyBytes().equals(body)).to.equal(true);
    expect(message.toBuffer().subarray(-256).equals(body)).to.equal(true);
  });

  it('cuts what follows the body off (RFC 3261 18.3)', () => {
    expect(request(parse(LINES, 'hello and more')).body).to.equal('hello');
  });

  it('lesson 23: refuses what two readers could read in two ways', () => {
    const cases: [string, readonly string[]][] = [
      ['malformed-header-name', [...LINES.slice(0, 7), 'To\u00a0: <sip:eve@example.com>']],
      ['malformed-header-name', [...LINES.slice(0, 7), 'Evil\u0000'.slice(0, 4) + '(: x']],
      ['control-character', [...LINES.slice(0, 7), 'To\u000b: <sip:eve@example.com>']],
      ['control-character', [...LINES.slice(0, 7), 'X: a\u0000b']],
      ['bare-line-break', [...LINES.slice(0, 7), 'X: a\nTo: <sip:eve@example.com>']],
      ['bare-line-break', [...LINES.slice(0, 7), 'X: a\rTo: <sip:eve@example.com>']],
      ['malformed-header-line', [LINES[0] ?? '', ' folded first', ...LINES.slice(1)]],
      ['duplicate-header', [...LINES, 'Call-ID: b']],
      ['duplicate-header', [...LINES, 'i: b']],
      ['duplicate-header', [...LINES, 'to: <sip:eve@example.com>']],
      ['duplicate-header', [...LINES, 'l: 5']],
      ['content-length-mismatch', replaced('Content-Length', 'Content-Length: 6')],
      ['content-length-mismatch', replaced('Content-Length', 'Content-Length: 2147483647')],
      ['malformed-content-length', replaced('Content-Length', 'Content-Length: 2147483648')],
      ['malformed-content-length', replaced('Content-Length', 'Content-Length: 4294967328')],
      ['malformed-content-length', replaced('Content-Length', 'Content-Length: -5')],
      ['malformed-content-length', replaced('Content-Length', 'Content-Length: 5, 5')],
      ['malformed-content-length', replaced('Content-Length', 'Content-Length:')],
      ['cseq-method-mismatch', replaced('CSeq', 'CSeq: 1 INVITE')],
      ['malformed-cseq', replaced('CSeq', 'CSeq: 2147483648 MESSAGE')],
      ['malformed-max-forwards', replaced('Max-Forwards', 'Max-Forwards: 256')],
      ['malformed-via', replaced('Via', 'Via: SIP/2.0/UDP')],
      ['malformed-from-or-to', replaced('To', 'To: "Bob <sip:bob@example.com>')],
      ['malformed-from-or-to', replaced('From', 'From: sip:eve@example.com <sip:alice@example.com>;tag=1')],
      ['malformed-from-or-to', replaced('From', 'From: < sip:alice@example.com>;tag=1')],
      ['malformed-from-or-to', replaced('From', 'From: <sip:alice@example.com>;tag=a@b')],
      ['malformed-from-or-to', replaced('From', 'From: <sip:alice@example.com>;tag')],
      ['malformed-from-or-to', replaced('To', 'To: nobody')],
      ['malformed-header-name', [...LINES, 'F%72om: <sip:eve@example.com>;tag=1']],
      ['malformed-header-name', [...LINES, 'P%2dAsserted-Identity: <sip:eve@example.com>']],
      ['malformed-header-name', [...LINES, 'P-Asserted%252DIdentity: <sip:eve@example.com>']],
      ['malformed-header-line', [...LINES, 'X: y', ' \t', ' z']],
      ['malformed-via', replaced('Via', 'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK')],
      ['missing-header', LINES.filter((line) => !line.startsWith('Call-ID'))],
      ['malformed-start-line', ['MESSAGE  sip:bob@example.com SIP/2.0', ...LINES.slice(1)]],
      ['malformed-start-line', ['MESSAGE sip:bob@example.com SIP/2.0 ', ...LINES.slice(1)]],
      ['malformed-start-line', ['MESSAGE <sip:bob@example.com > SIP/2.0', ...LINES.slice(1)]],
      ['unsupported-version', ['MESSAGE sip:bob@example.com SIP/7.0', ...LINES.slice(1)]],
    ];
    for (const [expected, lines] of cases) expect(failure(parse(lines)), JSON.stringify(lines)).to.equal(expected);
    expect(failure(parseMessage(Buffer.from(LINES.join('\r\n'))))).to.equal('truncated');
  });

  it('takes a control character behind a backslash in the quoted-string of an address, and nowhere else', () => {
    const odd = '"BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007f" <sip:bob@example.com>';
    const message = request(parse(replaced('To', `To: ${odd}`)));
    expect(message.toText()).to.contain(`\r\nTo: ${odd}\r\n`);
    expect(message.to.displayName).to.equal('BEL:\u0007 NUL:\u0000 DEL:\u007f');
    expect(message.createResponse(200).header('To')).to.match(/^"BEL.*;tag=osg/);
    for (const line of [
      `Subject: ${odd}`,
      'To: "\u0000" <sip:bob@example.com>',
      'To: "\\\\\u0000" <sip:bob@example.com>',
      'To: "" \\\u0000 <sip:bob@example.com>',
      'To: "\\\u0000 <sip:bob@example.com>',
    ]) {
      const verdict = failure(parse(line.startsWith('To') ? replaced('To', line) : [...LINES, line]));
      expect(verdict, JSON.stringify(line)).to.equal('control-character');
    }
    expect(failure(parse(replaced('To', 'To: "\\\n" <sip:bob@example.com>')))).to.equal('bare-line-break');
  });

  it('lesson 28: refuses a Contact that is none', () => {
    const bad = [
      'None',
      '',
      '<None>',
      '*, <sip:a@b>',
      '<sip:a@b>,',
      '<sip:a@b',
      '"a <sip:a@b>',
      'sip:a@b?Route=x',
      '<>',
      '@',
    ];
    for (const contact of bad)
      expect(failure(parse([...LINES, `Contact: ${contact}`])), contact).to.equal('malformed-contact');
    for (const contact of ['*', 'sip:a@b;q=0.1, "a, b" <sip:c@d?x=y>;expires=0', '<tel:+1>', '<urn:x:y>']) {
      expect(failure(parse([...LINES, `Contact: ${contact}`])), contact).to.equal('accepted');
    }
  });

  it('gives enough of a malformed request to answer it, and nothing of a response', () => {
    const broken = parse([...LINES, 'Call-ID: b']);
    expect(!broken.ok && broken.request?.createResponse(400).toBuffer().toString()).to.contain(
      'SIP/2.0 400 Bad Request\r\nVia:',
    );
    const response = parse(['SIP/2.0 200 OK', ...LINES.slice(1), 'Call-ID: b']);
    expect(!response.ok && response.request).to.equal(undefined);
  });

  it('bounds octets and header fields', () => {
    const many = [...LINES, ...Array.from({ length: 300 }, (_, index) => `X-${index}: y`)];
    expect(failure(parse(many))).to.equal('too-many-headers');
    expect(failure(parseMessage(build(LINES), { maximumMessageBytes: 100, maximumHeaders: 256 }))).to.equal(
      'message-too-large',
    );
  });

  it('has no use for names that JavaScript knows', () => {
    const message = request(parse([...LINES, '__proto__: x', 'constructor: y']));
    expect(message.header('__proto__')).to.equal('x');
    expect(message.header('Constructor')).to.equal('y');
    expect({}).to.not.have.property('x');
  });

  it('tells keep-alives from messages', () => {
    for (const octets of ['', '\r\n', '\r\n\r\n', '\0\0\0\0']) expect(isKeepAlive(Buffer.from(octets))).to.equal(true);
    expect(isKeepAlive(build(LINES))).to.equal(false);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (octets) => {
        parseMessage(Buffer.from(octets));
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws on a message with some octets changed, and what it accepts it reads again the same', () => {
    const datagram = build(LINES);
    const change = fc.tuple(fc.nat(datagram.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const copy = Buffer.from(datagram);
        for (const [index, octet] of changes) copy[index] = octet;
        const result = parseMessage(copy);
        if (!result.ok) return;
        const again = parseMessage(result.message.toBuffer());
        expect(again.ok && again.message.toBuffer().equals(result.message.toBuffer())).to.equal(true);
      }),
      { numRuns: 3000 },
    );
  });
});
