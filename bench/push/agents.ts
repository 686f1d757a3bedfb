// Agents of the push benchmark: each has a DTLS association of its own and takes pushes by SIP MESSAGE, with the card, the NAF SAs
// and the push layer of `osgate agent listen`, but without its disk.
import { connect, type DtlsAssociation } from '../../dtls/index.ts';
import { MemoryStore } from '../../lib/store/index.ts';
import { SoftwareUsim } from '../../lib/seca/index.ts';
import { pushUicc } from '../../lib/seca/push/push-uicc.ts';
import {
  AgentAssociations,
  GpiCodecV1,
  GpiReceiver,
  PUSH_PACKAGE_CONTENT_TYPE,
  PushReceiver,
  type NafSecurityAssociation,
} from '../../push/index.ts';
import { DOMAIN, scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { parseMessage, SipRequest, SipResponse } from '../../sip/index.ts';
import { clock, GATEWAY_FQDN, PSK, type AgentsOrder, type AgentsReport } from './protocol.ts';

/** Handshakes under way at once. */
const AT_ONCE = 16;

let latencies: number[] = [];
let duplicates = 0;

process.on('message', (order: AgentsOrder | 'report') => {
  if (order === 'report') {
    say({ event: 'report', latencies, duplicates });
    latencies = [];
    return;
  }
  void open(order).then(() => {
    say({ event: 'ready' });
  });
});

function say(report: AgentsReport): void {
  process.send?.(report);
}

async function open({ port, count }: AgentsOrder): Promise<void> {
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < count) await openAgent(begun++, port);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function openAgent(number: number, port: number): Promise<void> {
  const { impu } = scenarioSubscriber(number);
  const receiver = receiverOf(number);
  const association = await connect({
    host: '127.0.0.1',
    port,
    psk: { identity: impu, key: PSK },
    connectionId: { length: 0 },
  });
  const known = Promise.withResolvers<undefined>();
  association.on('message', (octets: Buffer) => {
    const parsed = parseMessage(octets);
    if (!parsed.ok) return;
    if (parsed.message instanceof SipRequest) void answer(receiver, parsed.message, association);
    else if (parsed.message instanceof SipResponse && parsed.message.status === 200) known.resolve(undefined);
  });
  // From now on the gateway knows whose flow that is.
  association.send(register(number, impu).toBuffer());
  await known.promise;
}

async function answer(receiver: PushReceiver, request: SipRequest, association: DtlsAssociation): Promise<void> {
  const { reply, reception } = await receiver.receive(request.bodyBytes());
  if (reception.outcome === 'delivered' && reception.duplicate) duplicates++;
  const response = request.createResponse(200);
  if (reply !== undefined) response.setBody(reply, PUSH_PACKAGE_CONTENT_TYPE);
  association.send(response.toBuffer());
}

function receiverOf(number: number): PushReceiver {
  const { impi, k, opc } = scenarioSubscriber(number);
  const associations = new AgentAssociations({ store: new MemoryStore<NafSecurityAssociation>() });
  const uicc = pushUicc(new SoftwareUsim({ k: Buffer.from(k, 'hex'), opc: Buffer.from(opc, 'hex') }));
  const acceptsNaf = (fqdn: string): boolean => fqdn === GATEWAY_FQDN;
  return new PushReceiver({
    gpi: new GpiReceiver({ codec: new GpiCodecV1(), uicc, associations, impi, acceptsNaf }),
    associations,
    delivered: new MemoryStore<true>(),
    application: async ({ content }) => {
      latencies.push(clock() - Number(content.toString('latin1')));
      return 'delivered';
    },
  });
}

function register(number: number, impu: string): SipRequest {
  const request = new SipRequest('REGISTER', `sip:${DOMAIN}`);
  request.append('Via', `SIP/2.0/DTLS-UDP 192.0.2.1:5061;branch=z9hG4bKregister${number};rport`);
  request.append('Max-Forwards', '70');
  request.append('From', `<${impu}>;tag=a${number}`);
  request.append('To', `<${impu}>`);
  request.append('Call-ID', `register-${number}`);
  request.append('CSeq', '1 REGISTER');
  request.append('Contact', '<sip:agent@192.0.2.1:5061;transport=dtls-udp>');
  return request;
}
