import { pushPsk } from './push-authenticators.ts';
import { choice, count, flag, integer, list, section, text, type FilePath } from './values.ts';

/** The authenticators that judge the handshake of a DTLS association: `gba-psk`, `push-psk`, `psk` and `certificate`. */
export function channelAuthenticators(file: FilePath) {
  return [gbaPsk(), pushPsk(), psk(file), certificate(file)] as const;
}

/** The same with what SIP has besides. */
export function sipChannelAuthenticators(file: FilePath) {
  return [
    gbaPsk().extend(digestAsWell()),
    pushPsk().extend(digestAsWell()),
    psk(file).extend(digestAsWell()),
    certificate(file).extend(digestAsWell()),
  ] as const;
}

export const CHANNEL_AUTHENTICATOR_TYPES = ['gba-psk', 'push-psk', 'psk', 'certificate'] as const;

function gbaPsk() {
  return section({
    type: choice(['gba-psk']).describe('DTLS with Ks_NAF as the pre-shared key (TS 33.222 5.4).'),
    uaSecurityProtocol: choice(['oma', '3gpp'])
      .default('oma')
      .describe(
        'Which identifiers stand for the cipher suite in the NAF_Id: `oma` is 03 00 01 YY ZZ, `3gpp` is 01 00 01 YY ZZ. Agents must use the same, or no key fits.',
      ),
    gsids: list(integer(0, 0xffff_ffff), 'a list of GBA service identifiers')
      .default([0])
      .describe('The GBA service identifiers whose user security settings are asked for.'),
    keyCacheMaximum: count()
      .default(100_000)
      .describe('Keys kept until they expire; the least recently used one goes first.'),
  });
}

function psk(file: FilePath) {
  return section({
    type: choice(['psk']).describe('DTLS with pre-shared keys that are handed out by hand, for devices without GBA.'),
    identities: file.describe(
      'File with a line `identity:key` for each client, the key in hexadecimal, 16 to 64 octets. Read again on SIGHUP.',
    ),
    publicIdentities: list(
      section({
        identity: text('an identity of the file').describe('The PSK identity.'),
        uris: uris().describe('Its public identities, the default one first.'),
      }),
      'a list of identities with their URIs',
    )
      .default([])
      .describe('Who clients are whose PSK identity is not a SIP or tel URI itself.'),
  });
}

function certificate(file: FilePath) {
  return section({
    type: choice(['certificate']).describe('DTLS with a certificate of the client.'),
    authorities: file.describe('PEM file: the authorities to which chains of clients must lead.'),
    identities: list(
      section({
        name: text('a name such as DNS:host.example.net', (value) =>
          /^(?:URI|DNS|email|IP Address|CN):.+$/.test(value),
        ).describe('A name in the certificate: `URI:`, `DNS:`, `email:` or `CN:` and its value.'),
        uris: uris().describe('The public identities that it stands for, the default one first.'),
      }),
      'a list of names with their URIs',
    )
      .default([])
      .describe('Who clients are whose certificates have no SIP or tel URI as a subject alternative name.'),
  });
}

function digestAsWell() {
  return {
    digestAsWell: flag()
      .default(false)
      .describe('Whether each request must satisfy a digest authenticator of the listener as well.'),
  };
}

function uris() {
  return list(
    text('a SIP or tel URI', (value) => /^(?:sips?|tel):\S+$/.test(value)),
    'a list of SIP and tel URIs',
    1,
  );
}
