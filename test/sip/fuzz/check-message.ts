import { expect } from 'chai';

import { removeCredentials, stripFromUntrusted, stripTowardsUntrusted } from '../../../lib/identity/index.ts';
import { parseMessage, SipRequest, tagOf, type ParseResult, type SipMessage } from '../../../sip/index.ts';
import { requestOutcome } from '../../support/torture-proxy.ts';

/** What the edge does with a message: reads it, looks at what routing needs, strips, answers and writes. */
export function readMessage(text: string): ParseResult {
  const result = parseMessage(Buffer.from(text, 'latin1'));
  if (!result.ok) {
    result.request?.createResponse(400).toText();
    return result;
  }
  const { message } = result;
  for (const name of ['Via', 'Route', 'Contact', 'Record-Route', 'P-Asserted-Identity']) message.values(name);
  if (message instanceof SipRequest) {
    const copy = message.clone();
    stripFromUntrusted(copy);
    removeCredentials(copy, 'example.com');
    message.createResponse(200).toText();
    while (copy.firstValue('Route') !== undefined) copy.removeFirstValue('Route');
  } else {
    const copy = message.clone();
    stripTowardsUntrusted(copy);
    copy.removeFirstValue('Via');
  }
  message.toText();
  return result;
}

/** What is taken must mean the same when it was written and read again, and never have more fields or another body. */
export function checkMessage(text: string): void {
  const result = readMessage(text);
  expect(Object.keys(Object.prototype), 'properties of every object').to.deep.equal([]);
  if (!result.ok) return;
  const { message } = result;
  const written = message.toBuffer();
  const again = parseMessage(written);
  expect(again.ok, again.ok ? '' : again.failure).to.equal(true);
  if (!again.ok) return;
  expect(meaning(again.message)).to.deep.equal(meaning(message));
  expect(again.message.toBuffer().equals(written)).to.equal(true);
  // A line is a field: nothing in a value became one, and none was lost.
  const head = written.toString('latin1', 0, written.length - message.body.length);
  const lines = head.slice(0, -4).split('\r\n').slice(1);
  const fields = message.headerNames().filter((name) => name !== 'Content-Length');
  expect(lines.map((line) => line.slice(0, line.indexOf(':')))).to.deep.equal([...fields, 'Content-Length']);
  if (message instanceof SipRequest && text.length % 16 === 0) requestOutcome(Buffer.from(text, 'latin1'));
}

function meaning(message: SipMessage): unknown {
  return {
    start: message.toText().slice(0, message.toText().indexOf('\r\n')),
    fields: message.headerFields().filter(({ name }) => name !== 'Content-Length'),
    from: message.from,
    to: message.to,
    tags: [tagOf(message.from), tagOf(message.to)],
    via: message.topVia,
    callId: message.callId,
    cseq: message.cseq,
    maxForwards: message.maxForwards,
    body: message.body,
  };
}
