import { expect } from 'chai';

import { createServer, type DtlsAssociation, type DtlsServer } from '../../../../dtls/index.ts';
import { cipherSuiteByName } from '../../../../dtls/suites/cipher-suite.ts';
import { NafId, UaSecurityProtocolId } from '../../../../kmc/gba/index.ts';
import { AgentKeyring } from '../../../../lib/seca/agent-keyring.ts';
import { GatewayAssociation } from '../../../../lib/seca/association/gateway-association.ts';
import { GbaPsk } from '../../../../lib/seca/association/gba-psk.ts';
import { nodeDtlsClient } from '../../../../lib/seca/association/node-dtls-client.ts';
import { osgateDtlsClient } from '../../../../lib/seca/association/osgate-dtls-client.ts';
import type { OpenChannel } from '../../../../lib/seca/association/secure-channel.ts';
import { nafKey, type BootstrappedKeys } from '../../../../lib/seca/bootstrapped-keys.ts';
import { NatRelay } from '../../../../scenarios/support/nat-relay.ts';

const FQDN = 'osg.example.com';
const SUITE = 'TLS_PSK_WITH_AES_128_GCM_SHA256';
const SUITES = ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', SUITE];
const codeOf = (name: string): number => cipherSuiteByName(name)?.code ?? 0;

/** A key centre without a network: gateway and agent both know what it gave out. */
class KeyCentre {
  readonly known = new Map<string, BootstrappedKeys>();
  lifetimeMilliseconds = 3_600_000;
  #runs = 0;

  bootstrap(): BootstrappedKeys {
    this.#runs++;
    const keys = {
      impi: '001010000000001@ims.example.net',
      btid: `run${this.#runs}@bsf.example.net`,
      ks: Buffer.alloc(32, this.#runs),
      rand: Buffer.alloc(16, this.#runs),
      expiresAt: Date.now() + this.lifetimeMilliseconds,
    };
    this.known.set(keys.btid, keys);
    return keys;
  }

  psk(): GbaPsk {
    const keyring = new AgentKeyring({
      impi: '001010000000001@ims.example.net',
      nafId: new NafId(FQDN, UaSecurityProtocolId.SIP_DIGEST),
      bootstrap: async () => this.bootstrap(),
    });
    return new GbaPsk({ keyring, gatewayFqdn: FQDN, organisation: 'OMA', identityForm: 'prefixed', requireHint: true });
  }
}

describe('the clients of DTLS', () => {
  const closing: (() => unknown)[] = [];

  interface Stage {
    readonly server: DtlsServer;
    readonly keyCentre: KeyCentre;
    readonly associations: DtlsAssociation[];
    readonly received: string[];
    readonly port: number;
  }

  /** A gateway that echoes, and knows the keys of a key centre. */
  async function stage(hint = '3GPP-bootstrapping'): Promise<Stage> {
    const keyCentre = new KeyCentre();
    const associations: DtlsAssociation[] = [];
    const received: string[] = [];
    const server = createServer({
      psk: {
        hint,
        lookUp: async ({ identity, cipherSuiteCode }) => {
          const keys = keyCentre.known.get(identity.replace('3GPP-bootstrapping;', ''));
          if (keys === undefined) return undefined;
          const nafId = new NafId(FQDN, UaSecurityProtocolId.forTls('OMA', cipherSuiteCode));
          return { key: nafKey(keys, nafId), expiresAt: keys.expiresAt };
        },
      },
    });
    server.on('association', (association) => {
      associations.push(association);
      association.on('message', (data) => {
        received.push(data.toString());
        association.send(data);
      });
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    closing.push(() => server.close());
    return { server, keyCentre, associations, received, port: server.address().port };
  }

  function osgate(port: number, timeoutMilliseconds = 10_000): OpenChannel {
    return osgateDtlsClient({
      gateway: { address: '127.0.0.1', port },
      local: { host: '127.0.0.1', port: 0 },
      serverName: FQDN,
      cipherSuites: SUITES,
      connectionId: true,
      mtu: 1200,
      timeoutMilliseconds,
      cipherSuiteCode: codeOf,
    });
  }

  function independent(port: number): OpenChannel {
    return nodeDtlsClient({
      gateway: { address: '127.0.0.1', port },
      localPort: 0,
      cipherSuite: SUITE,
      cipherSuiteCode: codeOf(SUITE),
      assumedHint: '3GPP-bootstrapping',
      timeoutMilliseconds: 10_000,
    });
  }

  function agent(open: OpenChannel, psk: GbaPsk): { association: GatewayAssociation; received: string[] } {
    const received: string[] = [];
    const association = new GatewayAssociation({
      open,
      psk,
      reconnect: { initialMilliseconds: 5, maximumMilliseconds: 50 },
      maximumQueuedDatagrams: 10,
      liveness: { way: 'ping', intervalMilliseconds: 0, answerMilliseconds: 1000 },
      onMessage: (datagram) => received.push(datagram.toString()),
    });
    closing.push(() => association.close());
    return { association, received };
  }

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  for (const [name, client] of [
    ['lesson 2: osgate has a client of its own, which', osgate],
    ['node-dtls-client', independent],
  ] as const) {
    it(`${name} speaks with the gateway under GBA keys`, async () => {
      const { keyCentre, associations, port } = await stage();
      const { association, received } = agent(client(port), keyCentre.psk());
      await association.open();
      association.send(Buffer.from('hello'));
      await until(() => received.length === 1);
      expect(received).to.deep.equal(['hello']);
      expect(associations[0]?.pskIdentity).to.equal('3GPP-bootstrapping;run1@bsf.example.net');
      expect(association.channel?.hasConnectionId).to.equal(client === osgate);
    });

    it(`${name} makes a new association when the gateway closes the old one`, async () => {
      const { keyCentre, associations, port } = await stage();
      const { association, received } = agent(client(port), keyCentre.psk());
      await association.open();
      await associations[0]?.close();
      await until(() => associations.length === 2 && association.channel !== undefined);
      association.send(Buffer.from('again'));
      await until(() => received.length === 1);
    });
  }

  it('the agent bootstraps again when the gateway does not know its key', async () => {
    const { keyCentre, associations, port } = await stage();
    const psk = keyCentre.psk();
    await psk.lookUp('3GPP-bootstrapping', codeOf(SUITE));
    keyCentre.known.clear();
    const { association } = agent(osgate(port, 3000), psk);
    await association.open();
    expect(associations[0]?.pskIdentity).to.equal('3GPP-bootstrapping;run2@bsf.example.net');
    expect(association.counters.refusedKeys).to.equal(1);
  }).timeout(10_000);

  it('the agent bootstraps again when its key expires', async () => {
    const { keyCentre, associations, port } = await stage();
    // The keyring does not use keys in their last five seconds.
    keyCentre.lifetimeMilliseconds = 5500;
    const { association } = agent(osgate(port), keyCentre.psk());
    await association.open();
    keyCentre.lifetimeMilliseconds = 3_600_000;
    await until(() => associations.length === 2, 9000);
    expect(associations[1]?.pskIdentity).to.equal('3GPP-bootstrapping;run2@bsf.example.net');
  }).timeout(15_000);

  it('the agent gives no identity to a gateway that hints at other keys', async () => {
    const { keyCentre, server, port } = await stage('Client_identity');
    const { association } = agent(osgate(port), keyCentre.psk());
    const error = await association.open().catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'OSGATE_AGENT_REFUSED');
    expect(String(error)).to.contain('hint');
    expect(server.size).to.equal(0);
  });

  it('the agent says that there is no answer when there is none', async () => {
    const { keyCentre } = await stage();
    const { association } = agent(osgate(9, 300), keyCentre.psk());
    const error = await association.open().catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'OSGATE_AGENT_NETWORK');
  });

  it('lesson 4: the association survives a NAT that gives the agent another port', async () => {
    const { keyCentre, associations, received: atGateway, port } = await stage();
    const nat = await NatRelay.open(port);
    closing.push(() => {
      nat.close();
    });
    const { association, received } = agent(osgate(nat.port), keyCentre.psk());
    await association.open();
    association.send(Buffer.from('before'));
    await until(() => received.length === 1);
    const [portBefore] = nat.outsidePorts;
    nat.rebind();
    association.send(Buffer.from('after'));
    await until(() => received.length === 2);
    expect(atGateway).to.deep.equal(['before', 'after']);
    expect(associations.length, 'handshakes').to.equal(1);
    expect(nat.outsidePorts).not.to.deep.equal([portBefore]);
    expect(associations[0]?.remote.port).to.equal(nat.outsidePorts[0]);
    // The gateway speaks first, and finds the agent where it is now.
    associations[0]?.send(Buffer.from('from the gateway'));
    await until(() => received.includes('from the gateway'));
  });
});

async function until(fits: () => boolean, milliseconds = 5000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!fits()) {
    if (Date.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
