import { expect } from 'chai';

import { readClientHelloView } from '../../../dtls/handshake/client-hello-view.ts';
import { readClientHello, writeClientHello } from '../../../dtls/handshake/client-hello.ts';
import { noExtensions, readExtensions } from '../../../dtls/handshake/extensions.ts';
import { readHelloVerifyRequest, writeHelloVerifyRequest } from '../../../dtls/handshake/hello-verify-request.ts';
import { readServerHello, writeServerHello } from '../../../dtls/handshake/server-hello.ts';

const HELLO = {
  version: 0xfefd,
  random: Buffer.alloc(32, 1),
  sessionId: Buffer.from('session'),
  cookie: Buffer.from('cookie'),
  cipherSuites: [0xd001, 0x00a8, 0x00ff],
  nullCompression: true,
  extensions: {
    ...noExtensions(),
    serverName: 'sip.example.com',
    maximumFragmentLength: 2,
    groups: [29, 23],
    pointFormats: true,
    signatureSchemes: [0x0403],
    encryptThenMac: true,
    extendedMasterSecret: true,
    recordSizeLimit: 512,
    sessionTicket: Buffer.from('ticket'),
    connectionId: Buffer.from('cid'),
    returnRoutability: true,
    renegotiationInfo: Buffer.alloc(0),
    types: [0xff01, 0, 1, 10, 11, 13, 22, 23, 28, 35, 54, 61],
  },
};

/** An extension with its header. */
function extension(type: number, body: Buffer): Buffer {
  const octets = Buffer.alloc(4 + body.length);
  octets.writeUInt16BE(type, 0);
  octets.writeUInt16BE(body.length, 2);
  body.copy(octets, 4);
  return octets;
}

describe('dtls: handshake messages', () => {
  it('are read as they were written: ClientHello with every extension', () => {
    expect(readClientHello(writeClientHello(HELLO, 1).subarray(12))).to.deep.equal(HELLO);
  });

  it('are read as they were written: ServerHello', () => {
    const hello = {
      version: 0xfefd,
      random: Buffer.alloc(32, 2),
      sessionId: Buffer.alloc(0),
      cipherSuite: 0xd001,
      compressionMethod: 0,
      extensions: { ...noExtensions(), extendedMasterSecret: true, connectionId: Buffer.from('x'), types: [23, 54] },
    };
    expect(readServerHello(writeServerHello(hello, 0).subarray(12))).to.deep.equal(hello);
    const bare = { ...hello, extensions: noExtensions() };
    expect(writeServerHello(bare, 0)).to.have.lengthOf(12 + 2 + 32 + 1 + 2 + 1);
    expect(readServerHello(writeServerHello(bare, 0).subarray(12))).to.deep.equal(bare);
  });

  it('are refused when anything is cut off or added', () => {
    const body = writeClientHello(HELLO, 1).subarray(12);
    for (let length = 0; length < body.length; length++) {
      // Without any extensions a ClientHello ends behind the compression methods.
      if (length === 2 + 32 + 8 + 7 + 8 + 2) continue;
      expect(readClientHello(body.subarray(0, length)), `${length}`).to.be.undefined;
    }
    expect(readClientHello(Buffer.concat([body, Buffer.alloc(1)]))).to.be.undefined;
  });

  it('refuse extensions that come twice, are malformed, or are too many', () => {
    const ems = extension(23, Buffer.alloc(0));
    expect(readExtensions(ems, 'client')?.extendedMasterSecret).to.be.true;
    expect(readExtensions(Buffer.concat([ems, ems]), 'client')).to.be.undefined;
    const wrong: [number, string][] = [
      [23, '00'],
      [22, '00'],
      [61, '00'],
      [1, ''],
      [10, '0003001d00'],
      [10, '0000'],
      [13, '0001'],
      [28, '40'],
      [54, '0461'],
      [54, '016161'],
      [0xff01, ''],
      [0, '0005000003612f62'],
      [0, '000600000361006200'],
      [0, ''],
      [11, '00'],
    ];
    for (const [type, hex] of wrong)
      expect(readExtensions(extension(type, Buffer.from(hex, 'hex')), 'client'), `${type} ${hex}`).to.be.undefined;
    const many = Array.from({ length: 65 }, (_, index) => extension(1000 + index, Buffer.alloc(0)));
    expect(readExtensions(Buffer.concat(many.slice(0, 64)), 'client')).not.to.be.undefined;
    expect(readExtensions(Buffer.concat(many), 'client')).to.be.undefined;
  });
});

describe('dtls: ClientHello before the cookie', () => {
  const message = writeClientHello(HELLO, 1);

  it('shows the cookie and what the cookie covers', () => {
    const view = readClientHelloView(message);
    expect(view?.cookie.toString()).to.equal('cookie');
    expect(view?.messageSequence).to.equal(1);
    expect(view?.random).to.deep.equal(HELLO.random);
    const other = readClientHelloView(writeClientHello({ ...HELLO, cookie: Buffer.alloc(0) }, 0));
    expect(other?.beforeCookie).to.deep.equal(view?.beforeCookie);
    expect(other?.afterCookie).to.deep.equal(view?.afterCookie);
    expect(readClientHelloView(writeClientHello({ ...HELLO, cipherSuites: [1] }, 0))?.afterCookie).not.to.deep.equal(
      view?.afterCookie,
    );
  });

  it('is none when it is cut short or comes in fragments', () => {
    for (let length = 0; length < message.length; length++) {
      expect(readClientHelloView(message.subarray(0, length)), `${length}`).to.be.undefined;
    }
    const fragment = Buffer.from(message);
    fragment.writeUIntBE(message.length - 13, 9, 3);
    expect(readClientHelloView(fragment)).to.be.undefined;
  });

  it('is answered by a HelloVerifyRequest that repeats both sequence numbers and is smaller', () => {
    const cookie = Buffer.alloc(32, 9);
    const answer = writeHelloVerifyRequest(cookie, 1, 0x010203040506);
    expect(answer.readUIntBE(5, 6)).to.equal(0x010203040506);
    expect(answer.readUInt16BE(1)).to.equal(0xfeff);
    expect(answer.readUInt16BE(17)).to.equal(1);
    expect(answer.readUInt16BE(11)).to.equal(answer.length - 13);
    expect(readHelloVerifyRequest(answer.subarray(25))).to.deep.equal(cookie);
    // The least ClientHello: one suite, no extensions.
    const least = writeClientHello(
      { ...HELLO, sessionId: Buffer.alloc(0), cookie: Buffer.alloc(0), cipherSuites: [1], extensions: noExtensions() },
      0,
    );
    expect(writeHelloVerifyRequest(Buffer.alloc(20), 0, 0)).to.have.length.at.most(13 + least.length);
  });
});
