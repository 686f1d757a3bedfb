import { SipRequest } from '../../../sip/index.ts';
import type { Delivery } from '../../../push/index.ts';

/** What a package travels with; a {@link Delivery} without what only the dispatcher knows. */
export type Parcel = Pick<Delivery, 'recipient' | 'octets' | 'contentType' | 'applicationId'>;

/**
 * The MESSAGE that carries a package (RFC 3428), without Via.
 *
 * @param from the FQDN of the gateway
 * @param to the SIP or tel URI of the recipient
 * @param token unguessable; becomes tag and Call-ID
 */
export function pushRequest(
  { octets, contentType, applicationId }: Parcel,
  from: string,
  to: string,
  token: string,
): SipRequest {
  const request = new SipRequest('MESSAGE', to);
  request.append('Max-Forwards', '70');
  request.append('From', `<sip:${from}>;tag=${token.slice(0, TAG_CHARACTERS)}`);
  request.append('To', `<${to}>`);
  request.append('Call-ID', token);
  request.append('CSeq', '1 MESSAGE');
  if (applicationId !== undefined) request.append('Accept-Contact', `*;+g.oma.pusheventapp="${quoted(applicationId)}"`);
  request.setBody(octets, contentType);
  return request;
}

const TAG_CHARACTERS = 16;

/** For between double quotes (RFC 3261 25.1); an application identifier has visible characters only. */
function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
