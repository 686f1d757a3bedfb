import { agentDtls, agentProxy } from './agent-dtls.ts';
import { agentPush } from './agent-push.ts';
import {
  choice,
  domainName,
  type FilePath,
  hexadecimal,
  host,
  milliseconds,
  port,
  section,
  sipHostPort,
  text,
  uaSecurityProtocolId,
  url,
} from './values.ts';

/** The `agent` section: the Security Agent (SECA). */
export function agentSection(file: FilePath) {
  return section({
    impi: text('a private identity such as 001010000000001@ims.example.net', (value) =>
      /^[^\s@"<>]+@[A-Za-z0-9.-]+$/.test(value),
    ).describe('The private identity (IMPI) that bootstraps.'),
    publicIdentity: text('a public identity such as sip:alice@example.net', (value) =>
      /^(?:sips?:[^\s@<>]+@[^\s@<>]+|tel:[+0-9A-Za-z().;=-]+)$/.test(value),
    ).describe('The public identity (IMPU) that requests come from.'),
    usim: usim(file).describe('The software USIM.'),
    ub: section({
      url: url('http', 'https').describe('Where the key centre serves Ub, such as http://127.0.0.1:8080/.'),
      authorities: file
        .optional()
        .describe('PEM file: the authorities that sign the key centre’s certificate (HTTPS only).'),
    })
      .optional()
      .describe('The way to the key centre, for an agent that bootstraps.'),
    digest: section({
      username: text('a user name', (name) => /^[\x21-\x7e]+$/.test(name)).describe('The user name.'),
      passwordFile: file.describe('File with the password, one line.'),
      realm: text('a realm', (name) => /^[\x20-\x7e]+$/.test(name))
        .optional()
        .describe('The only realm that is answered; by default `gatewayFqdn`.'),
    })
      .optional()
      .describe(
        'A user with a password, for an agent that does not bootstrap and a listener with the authenticator `digest` (`osgate agent listen` only).',
      ),
    keys: choice(['bootstrap', 'push', 'any'])
      .default('bootstrap')
      .describe(
        'The keys for the gateway: those of a bootstrapping run, those of the newest push (`push.store`), or `any`: those of the newest push while they last and the gateway takes them, else bootstrapped ones where there is `ub`.',
      ),
    transport: choice(['udp', 'dtls'])
      .default('udp')
      .describe(
        'How SIP goes to the gateway: over UDP with a digest, or over DTLS, whose association proves the agent.',
      ),
    dtls: agentDtls(file).prefault({}).describe('The DTLS association with the gateway.'),
    proxy: agentProxy().prefault({}).describe('What `osgate agent proxy` serves local clients with.'),
    push: agentPush(file).prefault({}).describe('What `osgate agent listen` takes pushes by.'),
    gateway: sipHostPort().describe('The SIP address of the gateway; the port is 5060 where absent, 5061 with DTLS.'),
    gatewayFqdn: domainName().describe('The FQDN of the gateway in the NAF_Id; the same as the listener’s `fqdn`.'),
    uaSecurityProtocolId: uaSecurityProtocolId().describe('The same as at the gateway’s authenticator.'),
    keyCache: file
      .optional()
      .describe('File that keeps the keys of the last bootstrapping; without it they end with the process.'),
    local: section({
      host: host().default('127.0.0.1').describe('The address to send from; one that the gateway can reach.'),
      port: port().default(0).describe('The UDP port to send from; 0 lets the system choose.'),
    })
      .prefault({})
      .describe('The agent’s own SIP address.'),
    timeoutMilliseconds: milliseconds().default(32_000).describe('How long to wait for an answer.'),
  });
}

function usim(file: FilePath) {
  return section({
    k: hexadecimal(16).describe('The subscriber’s key K.'),
    opc: hexadecimal(16).optional().describe('OPc; either this or `op`.'),
    op: hexadecimal(16).optional().describe('OP, from which OPc is made; either this or `opc`.'),
    amf: hexadecimal(2)
      .optional()
      .describe('The AMF of resynchronisation is fixed; this one is what the network must send.'),
    sqnFile: file
      .optional()
      .describe('File that keeps the sequence numbers seen; without it they end with the process.'),
  }).refine((values) => (values.op === undefined) !== (values.opc === undefined), {
    error: 'either op or opc, and only one of them',
  });
}
