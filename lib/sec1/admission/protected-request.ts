import { tagOf, type SipRequest } from '../../../sip/index.ts';

/** Namespaces of Resource-Priority that overload may not touch: RFC 7135 (esnet) and RFC 4412 (wps). */
const EMERGENCY_NAMESPACES = ['esnet.', 'wps.'];

/**
 * Requests that overload does not refuse: what belongs to a dialog or ends something (refusing it would keep resources
 * busy, RFC 7339 5.10.1), and calls for help. Whoever writes an emergency mark into his request still has to authenticate.
 */
export function isProtected(request: SipRequest): boolean {
  const { method } = request;
  if (method === 'ACK' || method === 'CANCEL' || method === 'BYE' || method === 'PRACK') return true;
  return tagOf(request.to) !== undefined || isEmergency(request);
}

/** Priority: emergency (RFC 3261 20.26), Resource-Priority of an emergency namespace, or a service URN of SOS (RFC 5031). */
export function isEmergency(request: SipRequest): boolean {
  if (request.header('Priority')?.toLowerCase() === 'emergency') return true;
  const uri = request.uri.toLowerCase();
  if (uri === 'urn:service:sos' || uri.startsWith('urn:service:sos.')) return true;
  if (!request.has('Resource-Priority')) return false;
  return request
    .values('Resource-Priority')
    .some((value) => EMERGENCY_NAMESPACES.some((namespace) => value.toLowerCase().startsWith(namespace)));
}
