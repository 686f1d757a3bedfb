import { expect } from 'chai';
import fc from 'fast-check';

import { StreamFramer, type FramingFailure } from '../../../sip/index.ts';

const LIMITS = { maximumHeaderBytes: 400, maximumMessageBytes: 1000 };

/** What came out of a framer for chunks that went in. */
function frame(chunks: readonly string[], limits = LIMITS) {
  const messages: string[] = [];
  const unframed: string[] = [];
  let pings = 0;
  const framer = new StreamFramer(limits, {
    onMessage: (message) => messages.push(message.toString('latin1')),
    onPing: () => pings++,
    onUnframed: (header) => unframed.push(header.toString('latin1')),
  });
  let failure: FramingFailure | undefined;
  for (const chunk of chunks) failure = framer.push(Buffer.from(chunk, 'latin1'));
  return { messages, pings, unframed, failure, midMessage: framer.midMessage };
}

function message(body: string, contentLength = `Content-Length: ${body.length}`): string {
  return `MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1\r\n${contentLength}\r\n\r\n${body}`;
}

function octetsOf(text: string): string[] {
  return Array.from({ length: text.length }, (_, index) => text.charAt(index));
}

describe('stream framer', () => {
  it('cuts a stream by Content-Length, whatever its spelling and wherever chunks end (RFC 3261 18.3)', () => {
    const whole = [
      message('one'),
      message('', 'l: 0'),
      message('two\r\n\r\nthree', 'CONTENT-LENGTH \t:  12  '),
      message(''),
    ];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
        const stream = whole.join('');
        const chunks: string[] = [];
        for (let at = 0, index = 0; at < stream.length; index++) {
          const size = sizes[index % sizes.length] ?? 1;
          chunks.push(stream.slice(at, at + size));
          at += size;
        }
        const { messages, failure, midMessage } = frame(chunks);
        expect(failure).to.equal(undefined);
        expect(messages).to.deep.equal(whole);
        expect(midMessage).to.equal(false);
      }),
    );
  });

  it('passes over line breaks before a start line and hears pings (RFC 3261 7.5, RFC 5626 4.4.1)', () => {
    expect(frame([`\r\n${message('a')}\r\n${message('b')}`])).to.deep.include({ pings: 0 });
    expect(frame([`\r\n${message('a')}\r\n${message('b')}`]).messages.length).to.equal(2);
    expect(frame(['\r\n\r\n']).pings).to.equal(1);
    expect(frame(['\r', '\n\r', '\n', message('a')])).to.deep.include({ pings: 1, messages: [message('a')] });
    expect(frame(['\r\n\r\n\r\n\r\n']).pings).to.equal(2);
  });

  it('lesson 27: refuses a body of 2^31 and of 2^32 + 32 octets as soon as it is announced', () => {
    for (const length of ['2147483648', '4294967328', '99999999999999999999', '-1', '1e3', '0x10', '']) {
      const { failure, messages } = frame([message('', `Content-Length: ${length}`)]);
      expect(failure, length).to.equal('stream-malformed-content-length');
      expect(messages).to.deep.equal([]);
    }
    expect(frame([message('', 'Content-Length: 2147483647')]).failure).to.equal('stream-message-too-large');
    expect(frame([message('', 'Content-Length: 1000')]).failure).to.equal('stream-message-too-large');
  });

  it('refuses a header block that does not end, and one that is too large', () => {
    expect(frame([`MESSAGE sip:a@b SIP/2.0\r\nX: ${'x'.repeat(400)}`]).failure).to.equal('stream-header-too-large');
    const octets = `MESSAGE sip:a@b SIP/2.0\r\nX: ${'x'.repeat(400)}\r\nContent-Length: 0\r\n\r\n`;
    expect(frame(octetsOf(octets)).failure).to.equal('stream-header-too-large');
  });

  it('refuses what two readers could cut in two ways: no, two or a folded Content-Length', () => {
    expect(frame([message('abc', 'Subject: x')]).failure).to.equal('stream-missing-content-length');
    expect(frame([message('abc', 'Subject: x')]).unframed).to.deep.equal([message('', 'Subject: x')]);
    expect(frame([message('abc', 'Content-Length: 3\r\nl: 3')]).failure).to.equal('stream-malformed-content-length');
    expect(frame([message('abc', 'Content-Length:\r\n 3')]).failure).to.equal('stream-malformed-content-length');
    expect(frame([message('abc', 'Content-Length: 3\r\n 0')]).failure).to.equal('stream-malformed-content-length');
  });

  it('ignores everything behind a failure, and tells whether a message is under way', () => {
    const { messages, failure } = frame([message('abc', 'Subject: x'), message('fine')]);
    expect(failure).to.equal('stream-missing-content-length');
    expect(messages).to.deep.equal([]);
    expect(frame(['MESS']).midMessage).to.equal(true);
    expect(frame([message('abc').slice(0, -1)]).midMessage).to.equal(true);
    expect(frame([message('abc'), '\r\n']).midMessage).to.equal(false);
  });

  it('takes a message octet by octet in time that grows with its size, not with its square', () => {
    const large = message('x'.repeat(200_000));
    const start = performance.now();
    const { messages } = frame(octetsOf(large), { maximumHeaderBytes: 400, maximumMessageBytes: 300_000 });
    expect(messages.length).to.equal(1);
    expect(performance.now() - start).to.be.below(5000);
  });
});
