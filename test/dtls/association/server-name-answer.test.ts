import { expect } from 'chai';

import type { ServerSettings } from '../../../dtls/association/settings.ts';
import { readServerHello } from '../../../dtls/handshake/server-hello.ts';
import { ECDSA_CREDENTIALS, Pair, RSA_CREDENTIALS } from './pair.ts';

const RECORD_HEADER = 13;
const MESSAGE_HEADER = 12;
const SERVER_HELLO = 2;

describe('dtls: the answer to server_name', () => {
  it('comes when the name chose the certificate (RFC 6066 3)', () => {
    const answered = answerOf((name) =>
      name === 'location.example.com' ? [RSA_CREDENTIALS, ECDSA_CREDENTIALS] : [ECDSA_CREDENTIALS, RSA_CREDENTIALS],
    );
    expect(answered).to.equal('');
  });

  it('does not come when the name made no difference, since clients of Pion 2 stop at it', () => {
    expect(answerOf(() => [RSA_CREDENTIALS])).to.equal(undefined);
  });

  it('does not come where no certificate is sent', () => {
    const chosen: ServerSettings['credentials'] = (name) => (name === undefined ? [] : [RSA_CREDENTIALS]);
    expect(answerOf(chosen, 'TLS_PSK_WITH_AES_128_GCM_SHA256')).to.equal(undefined);
  });
});

function answerOf(
  credentials: ServerSettings['credentials'],
  suite = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
): string | undefined {
  const pair = new Pair({ suite, server: { credentials }, client: { serverName: 'location.example.com' } }).run();
  expect(pair.client.established).to.have.lengthOf(1);
  const hello = pair.sent.find(({ datagram, toServer }) => !toServer && datagram[RECORD_HEADER] === SERVER_HELLO);
  const octets = hello?.datagram.subarray(RECORD_HEADER) ?? Buffer.alloc(MESSAGE_HEADER);
  const body = octets.subarray(MESSAGE_HEADER, MESSAGE_HEADER + octets.readUIntBE(1, 3));
  const read = readServerHello(body);
  expect(read).not.to.equal(undefined);
  return read?.extensions.serverName;
}
