import { expect } from 'chai';

import { NafId, UaSecurityProtocolId } from '../../../../kmc/gba/index.ts';
import { AgentKeyring } from '../../../../lib/seca/agent-keyring.ts';
import { GbaPsk } from '../../../../lib/seca/association/gba-psk.ts';
import {
  GatewayAssociation,
  type GatewayAssociationOptions,
} from '../../../../lib/seca/association/gateway-association.ts';
import { ScriptedGateway } from './scripted-gateway.ts';

function makePsk(keyLifetime = 3_600_000): GbaPsk {
  let run = 0;
  const keyring = new AgentKeyring({
    impi: '001010000000001@ims.example.net',
    nafId: new NafId('osg.example.com', UaSecurityProtocolId.SIP_DIGEST),
    bootstrap: async () => {
      run++;
      return {
        impi: '001010000000001@ims.example.net',
        btid: `run${run}@bsf.example.net`,
        ks: Buffer.alloc(32, run),
        rand: Buffer.alloc(16, run),
        expiresAt: Date.now() + keyLifetime,
      };
    },
  });
  return new GbaPsk({
    keyring,
    gatewayFqdn: 'osg.example.com',
    organisation: 'OMA',
    identityForm: 'prefixed',
    requireHint: true,
  });
}

interface Stage {
  readonly gateway: ScriptedGateway;
  readonly association: GatewayAssociation;
  readonly psk: GbaPsk;
  readonly received: string[];
  readonly downs: string[];
  readonly waits: number[];
}

describe('the association with the gateway', () => {
  const open: GatewayAssociation[] = [];

  function stage(options: Partial<GatewayAssociationOptions> = {}): Stage {
    const gateway = new ScriptedGateway();
    const psk = makePsk();
    const received: string[] = [];
    const downs: string[] = [];
    const waits: number[] = [];
    const association = new GatewayAssociation({
      open: gateway.open,
      psk,
      reconnect: { initialMilliseconds: 2, maximumMilliseconds: 8 },
      maximumQueuedDatagrams: 3,
      liveness: { way: 'ping', intervalMilliseconds: 0, answerMilliseconds: 5 },
      onMessage: (datagram) => {
        received.push(datagram.toString('latin1'));
      },
      onDown: (end) => {
        downs.push(end);
      },
      onFailure: (_error, wait) => {
        waits.push(wait);
      },
      ...options,
    });
    open.push(association);
    return { gateway, association, psk, received, downs, waits };
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((association) => association.close()));
  });

  it('bootstraps by itself when there is no key', async () => {
    const { gateway, association, psk } = stage();
    await association.open();
    expect(gateway.last.identity).to.equal('3GPP-bootstrapping;run1@bsf.example.net');
    expect(psk.runs).to.equal(1);
  });

  it('carries datagrams both ways, and comes about when the first one is sent', async () => {
    const { gateway, association, received } = stage();
    expect(association.send(Buffer.from('one'))).to.equal(true);
    await gateway.until(() => gateway.associations.length === 1);
    await gateway.until(() => gateway.last.sent.length === 1);
    association.send(Buffer.from('two'));
    gateway.last.deliver('three');
    expect(gateway.last.sent).to.deep.equal(['one', 'two']);
    expect(received).to.deep.equal(['three']);
  });

  it('bootstraps again, once, when the gateway does not know the key', async () => {
    const { gateway, association, psk } = stage();
    await psk.lookUp('3GPP-bootstrapping', 0x00a8);
    gateway.unknown.add('3GPP-bootstrapping;run1@bsf.example.net');
    await association.open();
    expect(gateway.last.identity).to.equal('3GPP-bootstrapping;run2@bsf.example.net');
    expect(association.counters.refusedKeys).to.equal(1);
  });

  it('does not bootstrap again for a gateway that refuses keys made for it just now', async () => {
    const { gateway, association, psk } = stage();
    for (let run = 1; run < 10; run++) gateway.unknown.add(`3GPP-bootstrapping;run${run}@bsf.example.net`);
    const error = await association.open().catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'OSGATE_AGENT_REFUSED');
    expect(psk.runs).to.equal(1);
  });

  it('bootstraps again and makes a new association when the key is over', async () => {
    const { gateway, association, downs } = stage();
    await association.open();
    gateway.last.end('key-expired');
    await gateway.until(() => gateway.associations.length === 2);
    expect(gateway.last.identity).to.equal('3GPP-bootstrapping;run2@bsf.example.net');
    expect(downs).to.deep.equal(['key-expired']);
  });

  it('makes a new association with the same key when the gateway closes it', async () => {
    const { gateway, association, psk } = stage();
    await association.open();
    gateway.last.end('closed-by-peer');
    await gateway.until(() => gateway.associations.length === 2);
    expect(psk.runs).to.equal(1);
    gateway.last.deliver('from the new one');
    expect(association.counters.made).to.equal(2);
  });

  it('waits longer and longer while nothing answers, and goes on trying', async () => {
    const { gateway, association, waits } = stage({
      reconnect: { initialMilliseconds: 2, maximumMilliseconds: 8, random: () => 1 },
    });
    gateway.silentFor = 5;
    association.send(Buffer.from('lost'));
    await gateway.until(() => gateway.associations.length === 1);
    expect(waits).to.deep.equal([2, 4, 8, 8, 8]);
    expect(association.counters.failedAttempts).to.equal(5);
    expect(association.counters.outdated, 'what waited for an attempt that failed').to.equal(1);
  });

  it('fails at once when it is opened and nothing answers', async () => {
    const { gateway, association } = stage();
    gateway.silentFor = 1;
    const error = await association.open().catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'OSGATE_AGENT_NETWORK');
  });

  it('lets no more datagrams wait than it may', async () => {
    const { gateway, association } = stage();
    const taken = ['1', '2', '3', '4', '5'].map((text) => association.send(Buffer.from(text)));
    expect(taken).to.deep.equal([true, true, true, false, false]);
    expect(association.counters.queueFull).to.equal(2);
    await gateway.until(() => gateway.associations.length === 1);
    await gateway.until(() => gateway.last.sent.length === 3);
    expect(gateway.last.sent).to.deep.equal(['1', '2', '3']);
  });

  it('counts what is too large for a record', async () => {
    const { association } = stage();
    await association.open();
    expect(association.send(Buffer.alloc(20_000))).to.equal(false);
    expect(association.counters.notSent).to.equal(1);
  });

  it('makes a new association when a gateway that answered keepalives falls silent', async () => {
    const { gateway, association, received, downs } = stage({
      liveness: { way: 'ping', intervalMilliseconds: 5, answerMilliseconds: 5 },
    });
    await association.open();
    const first = gateway.last;
    await gateway.until(() => first.sent.filter((text) => text === '\r\n\r\n').length > 1);
    expect(received, 'answers to keepalives are for nobody else').to.deep.equal([]);
    gateway.answersPings = false;
    await gateway.until(() => gateway.associations.length > 1);
    expect(first.closed).to.equal(true);
    expect(downs[0]).to.equal('unanswered');
  });

  it('takes no offence at a gateway that never answers keepalives', async () => {
    const { gateway, association } = stage({
      liveness: { way: 'ping', intervalMilliseconds: 3, answerMilliseconds: 1 },
    });
    gateway.answersPings = false;
    await association.open();
    await gateway.until(() => gateway.last.sent.length > 5);
    expect(association.counters.unanswered).to.equal(0);
  });

  it('makes a new association when datagrams of any kind go out and nothing comes back', async () => {
    const { gateway, association } = stage({
      liveness: { way: 'silence', intervalMilliseconds: 3, answerMilliseconds: 3 },
    });
    await association.open();
    expect(gateway.last.sent, 'nothing of ours goes to a server that knows no SIP').to.deep.equal([]);
    association.send(Buffer.from('question'));
    await gateway.until(() => gateway.associations.length > 1);
    expect(association.counters.unanswered).to.equal(1);
  });

  it('comes to an end when it is closed, in whatever state it is', async () => {
    const { gateway, association } = stage();
    gateway.silentFor = 1000;
    association.send(Buffer.from('one'));
    await gateway.until(() => gateway.attempts > 2);
    await association.close();
    const { attempts } = gateway;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(gateway.attempts).to.equal(attempts);
    expect(association.send(Buffer.from('two'))).to.equal(false);
  });
});
