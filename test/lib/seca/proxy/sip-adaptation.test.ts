import { expect } from 'chai';

import { SipAdaptation } from '../../../../lib/seca/proxy/sip-adaptation.ts';

const adaptation = new SipAdaptation({ address: '127.0.0.1', port: 5070 });

function text(...lines: string[]): string {
  return lines.join('\r\n');
}

function toGateway(message: string): string {
  return adaptation.toGateway(Buffer.from(message, 'latin1')).toString('latin1');
}

function toClient(message: string): string {
  return adaptation.toClient(Buffer.from(message, 'latin1')).toString('latin1');
}

describe('the adaptation of SIP', () => {
  it('gives the top Via the token DTLS-UDP on the way to the gateway, and changes nothing else', () => {
    const rest = ['From: <sip:a@example.com>;tag=1', 'via-like: SIP/2.0/UDP x', 'Content-Length: 4', '', 'a\xffb\r'];
    const message = text(
      'MESSAGE sip:b@example.com SIP/2.0',
      'V : SIP / 2.0 / udp 127.0.0.1:4000;branch=z9hG4bK1, SIP/2.0/UDP other',
      'Via: SIP/2.0/UDP lower',
      ...rest,
    );
    expect(toGateway(message)).to.equal(
      text(
        'MESSAGE sip:b@example.com SIP/2.0',
        'V : SIP / 2.0 / DTLS-UDP 127.0.0.1:4000;branch=z9hG4bK1, SIP/2.0/UDP other',
        'Via: SIP/2.0/UDP lower',
        ...rest,
      ),
    );
  });

  it('gives it back as the client wrote it', () => {
    const message = text('SIP/2.0 200 OK', 'Via: SIP/2.0/DTLS-UDP 127.0.0.1:4000;branch=z9hG4bK1;received=::1', '', '');
    expect(toClient(message)).to.equal(
      text('SIP/2.0 200 OK', 'Via: SIP/2.0/UDP 127.0.0.1:4000;branch=z9hG4bK1;received=::1', '', ''),
    );
  });

  it('asks in a request of the gateway for an answer to the port that it comes from', () => {
    const request = (via: string): string => text('NOTIFY sip:a@127.0.0.1:4000 SIP/2.0', via, '', '');
    expect(
      toClient(request('Via: SIP/2.0/DTLS-UDP osg.example.com:5061;branch=z9hG4bK2, SIP/2.0/UDP 192.0.2.9')),
    ).to.equal(request('Via: SIP/2.0/UDP osg.example.com:5061;branch=z9hG4bK2;rport, SIP/2.0/UDP 192.0.2.9'));
    expect(toClient(request('Via: SIP/2.0/DTLS-UDP osg.example.com:5061;rport;branch=z9hG4bK2'))).to.equal(
      request('Via: SIP/2.0/UDP osg.example.com:5061;rport;branch=z9hG4bK2'),
    );
  });

  it('leaves a Via of another transport alone', () => {
    for (const via of ['Via: SIP/2.0/TCP 127.0.0.1:4000', 'Via: SIP/2.0/UDPLITE 127.0.0.1', 'Via: nonsense', 'Via:']) {
      const message = text('OPTIONS sip:b@example.com SIP/2.0', via, '', '');
      expect(toGateway(message)).to.equal(message);
    }
  });

  it('takes the Route off that names the proxy, and leaves the others', () => {
    const message = (...routes: string[]): string =>
      text('BYE sip:b@example.com SIP/2.0', 'Via: SIP/2.0/DTLS-UDP a', ...routes, '', '');
    const gateway = '<sip:AAAA@192.0.2.1:5061;transport=dtls-udp;lr;osg="a,b">';
    expect(toGateway(message('Route: <sip:127.0.0.1:5070;lr>', `Route: ${gateway}`))).to.equal(
      message(`Route: ${gateway}`),
    );
    expect(toGateway(message(`Route: <sip:127.0.0.1:5070;lr>, ${gateway}`))).to.equal(message(`Route: ${gateway}`));
    for (const other of ['<sip:127.0.0.1:5071;lr>', '<sip:127.0.0.2:5070;lr>', '"5070" <sip:x;lr>', 'rubbish 5070']) {
      expect(toGateway(message(`Route: ${other}`))).to.equal(message(`Route: ${other}`));
    }
  });

  it('stands nearest to the client in a dialog, and nobody behind the gateway learns of it', () => {
    const own = 'Record-Route: <sip:127.0.0.1:5070;lr>';
    const routes = ['Record-Route: <sip:osg2;lr>', 'Record-Route: <sip:osg1;lr>'];
    const response = (...lines: string[]): string => text('SIP/2.0 200 OK', 'Via: SIP/2.0/UDP a', ...lines, '', '');
    const request = (...lines: string[]): string =>
      text('INVITE sip:a@127.0.0.1:4000 SIP/2.0', 'Via: SIP/2.0/UDP a;rport', ...lines, '', '');
    expect(toClient(response(...routes))).to.equal(response(...routes, own));
    expect(toClient(request(...routes))).to.equal(request(own, ...routes));
    expect(toClient(response()), 'nothing where there is no dialog').to.equal(response());

    const answer = (...lines: string[]): string => text('SIP/2.0 200 OK', 'Via: SIP/2.0/DTLS-UDP a', ...lines, '', '');
    expect(toGateway(answer(own, ...routes))).to.equal(answer(...routes));
    expect(toGateway(answer('Record-Route: <sip:127.0.0.1:5070;lr>,<sip:osg2;lr>'))).to.equal(
      answer('Record-Route: <sip:osg2;lr>'),
    );
  });

  it('understands fields that go on in the next line', () => {
    const message = text('ACK sip:b SIP/2.0', 'Via: SIP/2.0/UDP', ' 127.0.0.1', 'To: <sip:b>', '', '');
    expect(toGateway(message)).to.equal(
      text('ACK sip:b SIP/2.0', 'Via: SIP/2.0/DTLS-UDP', ' 127.0.0.1', 'To: <sip:b>', '', ''),
    );
  });

  it('leaves what is no SIP as it is', () => {
    for (const other of [
      '',
      '\r\n\r\n',
      '\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'MESSAGE sip:b SIP/2.0',
      'MESSAGE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n',
      '\x44\x01\x00\x01\r\n\r\n',
    ]) {
      expect(toGateway(other)).to.equal(other);
      expect(toClient(other)).to.equal(other);
    }
  });
});
