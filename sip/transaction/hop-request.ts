import { SipRequest } from '../message/index.ts';

/**
 * The CANCEL (RFC 3261 9.1) or the ACK to a failure (17.1.1.3) of an INVITE: same Request-URI, top Via, From, To,
 * Call-ID, CSeq number and Route, and nothing else.
 */
export function hopRequest(method: 'ACK' | 'CANCEL', invite: SipRequest): SipRequest {
  const request = new SipRequest(method, invite.uri);
  request.append('Via', invite.values('Via')[0] ?? '');
  for (const route of invite.headers('Route')) request.append('Route', route);
  request.append('Max-Forwards', '70');
  for (const name of ['From', 'To', 'Call-ID']) request.append(name, invite.header(name) ?? '');
  request.append('CSeq', `${invite.cseq.sequence} ${method}`);
  return request;
}
