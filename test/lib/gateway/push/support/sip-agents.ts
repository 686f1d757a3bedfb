import { connect } from '../../../../../dtls/index.ts';
import { PUSH_PACKAGE_CONTENT_TYPE } from '../../../../../push/index.ts';
import { SipPeer } from '../../../../../scenarios/support/sip-peer.ts';
import { parseMessage, SipRequest, SipResponse, type TransportProtocol } from '../../../../../sip/index.ts';
import type { PushAgent } from '../../../../push/support/push-agent.ts';
import { ALICE, ALICE_KEY, PASSWORD } from './push-world.ts';
import { TEST_SUBSCRIBER } from '../../../../kmc/subscribers/test-subscriber.ts';

export const DOMAIN = 'sip:home1.example';

/** What an agent answers a MESSAGE with a package. */
export async function answerPush(agent: PushAgent, request: SipRequest): Promise<SipResponse> {
  const { reply } = await agent.receiver.receive(request.bodyBytes());
  const response = request.createResponse(200);
  if (reply !== undefined) response.setBody(reply, PUSH_PACKAGE_CONTENT_TYPE);
  return response;
}

/** A user agent over UDP or TCP that has registered by its password. */
export async function registeredPeer(
  port: number,
  agent: PushAgent | undefined,
  protocol: TransportProtocol = 'UDP',
  localPort = 0,
): Promise<SipPeer> {
  const peer = await SipPeer.open([protocol], '127.0.0.1', localPort);
  if (agent !== undefined) {
    peer.answer = (request) => {
      const flow = peer.received.at(-1)?.flow;
      void answerPush(agent, request).then((response) => flow?.transport.send(response.toBuffer(), flow.peer));
      return undefined;
    };
  }
  const register = peer.createRequest('REGISTER', DOMAIN, ALICE);
  register.set('To', `<${ALICE}>`);
  const to = { address: '127.0.0.1', port };
  const credentials = { username: TEST_SUBSCRIBER.impi, password: PASSWORD };
  const response = await peer.sendWith(register, credentials, to, protocol);
  if (response.status !== 200) throw new Error(`REGISTER was answered ${response.status} ${response.reason}`);
  return peer;
}

export interface DtlsPushAgent {
  readonly requests: readonly SipRequest[];
  /** Sends a request and gives its final response. */
  send(request: SipRequest): Promise<SipResponse>;
  close(): Promise<void>;
}

/** A user agent over DTLS, by a static key, that has registered. */
export async function registeredDtlsAgent(port: number, agent: PushAgent): Promise<DtlsPushAgent> {
  const association = await connect({
    host: '127.0.0.1',
    port,
    psk: { identity: ALICE, key: ALICE_KEY },
    connectionId: { length: 0 },
  });
  const requests: SipRequest[] = [];
  const waiting = new Map<string, (response: SipResponse) => void>();
  association.on('message', (octets: Buffer) => {
    const parsed = parseMessage(octets);
    if (!parsed.ok) return;
    const { message } = parsed;
    if (message instanceof SipResponse) {
      if (message.status >= 200) waiting.get(message.callId)?.(message);
    } else if (message instanceof SipRequest) {
      requests.push(message);
      void answerPush(agent, message).then((response) => association.send(response.toBuffer()));
    }
  });
  let count = 0;
  const send = (request: SipRequest): Promise<SipResponse> => {
    count++;
    request.append('Via', `SIP/2.0/DTLS-UDP 192.0.2.1:5061;branch=z9hG4bKpush${port}x${count};rport`);
    request.append('Max-Forwards', '70');
    request.append('From', `<${ALICE}>;tag=a${count}`);
    request.append('To', `<${request.method === 'REGISTER' ? ALICE : request.uri}>`);
    request.append('Call-ID', `push-${port}-${count}`);
    request.append('CSeq', `1 ${request.method}`);
    const answered = new Promise<SipResponse>((resolve) => waiting.set(request.callId, resolve));
    association.send(request.toBuffer());
    return answered;
  };
  const register = new SipRequest('REGISTER', DOMAIN);
  register.append('Contact', '<sip:agent@192.0.2.1:5061;transport=dtls-udp>');
  const response = await send(register);
  if (response.status !== 200) throw new Error(`REGISTER was answered ${response.status}`);
  return { requests, send, close: () => association.close() };
}
