import { DTLS_VIA_TRANSPORT, isDtlsViaTransport, parseVia, type Flow, type SipRequest } from '../../sip/index.ts';

/**
 * True for a request whose Via values must not reach the inside: those with the transport DTLS-UDP. Kamailio 5.6 takes no
 * message when such a Via comes second, and reads no P-Asserted-Identity when it stands further down
 * (docs/decisions/0011-what-is-asserted-must-be-found.md); also when the request came by UDP and only claims it.
 */
export function mustHideVia(request: SipRequest, { transport }: Flow): boolean {
  if (transport.protocol === DTLS_VIA_TRANSPORT) return true;
  const { topVia } = request;
  if (topVia !== undefined && isDtlsViaTransport(topVia.protocol)) return true;
  const fields = request.headers('Via');
  // One value without a comma is the top one.
  if (fields.length === 1 && fields[0]?.includes(',') !== true) return false;
  return request.values('Via').some((value) => {
    const via = parseVia(value);
    return via === undefined || isDtlsViaTransport(via.protocol);
  });
}
