import { parseMessage, parseNameAddress, SipRequest, tagOf } from '../../../sip/index.ts';
import { listText, type Reader } from './reading.ts';

/** Our own parser. */
export const osgateReader: Reader = {
  name: 'osgate',
  async read(octets) {
    const result = parseMessage(octets);
    if (!result.ok) return undefined;
    const { message } = result;
    return {
      kind: message instanceof SipRequest ? message.method : String(message.status),
      // What is malformed is not forwarded (RFC 3261 16.3).
      uri: message instanceof SipRequest && message.requestUri !== undefined ? message.uri : '',
      fromUri: message.from.uri,
      fromTag: tagOf(message.from) ?? '',
      toTag: tagOf(message.to) ?? '',
      callId: message.callId,
      cseq: `${message.cseq.sequence} ${message.cseq.method}`,
      identityUri: parseNameAddress(message.firstValue('P-Asserted-Identity') ?? '')?.uri ?? '',
      assertedIdentity: listText(message.headers('P-Asserted-Identity')),
      preferredIdentity: listText(message.headers('P-Preferred-Identity')),
      remotePartyId: listText(message.headers('Remote-Party-ID')),
      bodyLength: String(message.body.length),
    };
  },
};
