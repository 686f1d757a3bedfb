import { createHmac } from 'node:crypto';

import { expect } from 'chai';
import fc from 'fast-check';

import { Hmac } from '../../sip/index.ts';

describe('Hmac', () => {
  it('computes what HMAC-SHA-256 of node:crypto does, whatever the key and the message', () => {
    const octets = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(octets(100), octets(40), octets(700), (key, head, text) => {
        const target = Buffer.alloc(40, 0xee);
        new Hmac(key).write(head, text.toString('latin1'), target, 3, 32);
        const expected = createHmac('sha256', key).update(head).update(text).digest();
        expect(target.subarray(3, 35)).to.deep.equal(expected);
        expect(target.subarray(35)).to.deep.equal(Buffer.alloc(5, 0xee));
      }),
    );
  });

  it('takes messages one after the other', () => {
    const hmac = new Hmac(Buffer.alloc(32, 1));
    const [first, second] = [Buffer.alloc(32), Buffer.alloc(32)];
    hmac.write(Buffer.alloc(0), 'a long message first', first, 0, 32);
    hmac.write(Buffer.alloc(0), 'short', second, 0, 32);
    hmac.write(Buffer.alloc(0), 'a long message first', second, 0, 32);
    expect(second).to.deep.equal(first);
  });
});
