import { encode, decode } from 'msgpack-lite';
import { expect } from 'chai';

import type { AssociationState } from '../../../dtls/association/association-state.ts';
import { importAssociation } from '../../../dtls/association/import-association.ts';
import { ALERT } from '../../../dtls/errors.ts';
import { beginMessage, endMessage } from '../../../dtls/handshake/handshake-message.ts';
import { HANDSHAKE_TYPE } from '../../../dtls/handshake/handshake-type.ts';
import { plainRecord } from '../../../dtls/record/record-header.ts';
import { CIPHER_SUITES } from '../../../dtls/suites/cipher-suite.ts';
import {
  ECDSA_CREDENTIALS,
  echo,
  established,
  IDENTITY,
  KEY,
  Pair,
  PSK_SUITE as PSK,
  RSA_CREDENTIALS,
  SERVER,
} from './pair.ts';

const CIDS = { server: { connectionId: true }, client: { connectionId: true } } as const;

describe('dtls: associations', () => {
  for (const { name, legacy, bulk } of CIPHER_SUITES) {
    it(`are made and carry data with ${name}`, () => {
      const pair = new Pair({ suite: name, limits: { mtu: 600 } }).run(100);
      expect(pair.clientAssociation.cipher?.name).to.equal(name);
      echo(pair);
      expect(pair.serverAssociation.exportState()?.encryptThenMac).to.equal(legacy && bulk.mode === 'cbc');
    });
  }

  it('know the identity, the keys and the same exported material on both sides', () => {
    const pair = established();
    expect(pair.serverAssociation.pskIdentity?.toString()).to.equal(IDENTITY);
    const material = pair.serverAssociation.exportKeyingMaterial(32, 'EXPERIMENTAL a', Buffer.from('context'));
    expect(material).to.have.lengthOf(32);
    expect(pair.clientAssociation.exportKeyingMaterial(32, 'EXPERIMENTAL a', Buffer.from('context'))).to.deep.equal(
      material,
    );
    expect(pair.clientAssociation.exportKeyingMaterial(32, 'EXPERIMENTAL a')).not.to.deep.equal(material);
    expect(pair.server.keyLog).to.deep.equal(pair.client.keyLog);
    expect(pair.server.keyLog[0]).to.match(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
  });

  it('end when one side closes, and tell the other', () => {
    const pair = established();
    pair.clientAssociation.close();
    pair.scheduler.advance(10);
    expect(pair.client.closed.map(([, reason]) => reason)).to.deep.equal(['closed']);
    expect(pair.server.closed.map(([, reason]) => reason)).to.deep.equal(['peer-closed']);
    expect(pair.clientAssociation.send(Buffer.from('x'))).to.be.false;
    expect(pair.client.counters.sendsRefused).to.equal(1);
  });

  it('refuse data that no record can carry', () => {
    const pair = established();
    expect(pair.clientAssociation.send(Buffer.alloc(16_384))).to.be.true;
    expect(pair.clientAssociation.send(Buffer.alloc(16_385))).to.be.false;
  });

  it('heed max_fragment_length and record_size_limit', () => {
    const fragment = established({ suite: PSK, client: { maximumFragmentLength: 512 } });
    expect(fragment.clientAssociation.maximumSend).to.equal(512);
    expect(fragment.serverAssociation.maximumSend).to.equal(512);
    const limit = established({ suite: PSK, client: { recordSizeLimit: 100 }, server: { recordSizeLimit: 200 } });
    expect(limit.clientAssociation.maximumSend).to.equal(200);
    expect(limit.serverAssociation.maximumSend).to.equal(100);
    expect(limit.serverAssociation.send(Buffer.alloc(101))).to.be.false;
    // A peer that does not keep to it is not heard.
    for (const size of [200, 201]) {
      const record = limit.clientAssociation.seal(23, Buffer.alloc(size, 0x61)) ?? Buffer.alloc(0);
      limit.serverAssociation.receive(record, limit.clientAddress);
    }
    expect(limit.server.messages.map(({ length }) => length)).to.deep.equal([200]);
    expect(limit.server.counters.oversizedRecords).to.equal(1);
  });

  it('end after the idle time, and not before', () => {
    const pair = established({ suite: PSK, limits: { idleTimeout: 60_000, lastFlightLifetime: 1000 } });
    for (let minute = 0; minute < 5; minute++) {
      pair.scheduler.advance(50_000);
      echo(pair);
    }
    expect(pair.server.closed).to.deep.equal([]);
    pair.scheduler.advance(61_000);
    const reasons = [...pair.server.closed, ...pair.client.closed].map(([, reason]) => reason);
    expect(reasons).to.include('idle');
    expect(pair.server.counters.idleExpirations + pair.client.counters.idleExpirations).to.be.greaterThan(0);
  });

  it('end when the pre-shared key ends, with a reason', () => {
    const pair = new Pair({
      suite: PSK,
      server: { psk: { lookUp: () => ({ key: KEY, expiresAt: 1_767_225_600_000 + 5000, data: 7 }) } },
    });
    pair.run(100);
    expect(pair.serverAssociation.pskData).to.equal(7);
    pair.scheduler.advance(4800);
    echo(pair);
    pair.scheduler.advance(200);
    expect(pair.server.closed.map(([, reason]) => reason)).to.deep.equal(['key-expired']);
    expect(pair.client.closed.map(([, reason]) => reason)).to.deep.equal(['peer-closed']);
  });

  it('end before a key has been used more often than it may', () => {
    const usageLimits = { sealed: 10, failed: 5 };
    const sender = established({ suite: PSK, client: { usageLimits } });
    let sent = 0;
    while (sent < 100 && sender.clientAssociation.send(Buffer.from('x'))) sent++;
    expect(sent).to.be.lessThan(10);
    expect(sender.client.closed.map(([, reason]) => reason)).to.deep.equal(['usage-limit']);
    sender.scheduler.advance(10);
    expect(sender.server.closed.map(([, reason]) => reason)).to.deep.equal(['peer-closed']);

    const receiver = established({ suite: PSK, server: { usageLimits: { sealed: 1000, failed: 5 } } });
    receiver.clientAssociation.send(Buffer.from('x'));
    const forged = Buffer.from(receiver.sent[0]?.datagram ?? []);
    for (let attempt = 0; attempt < 5; attempt++) {
      forged.writeUInt32BE(1000 + attempt, 7);
      receiver.serverAssociation.receive(forged, receiver.clientAddress);
    }
    expect(receiver.server.closed.map(([, reason]) => reason)).to.deep.equal(['usage-limit']);
  });

  it('drop replayed records and count them', () => {
    const pair = established();
    pair.clientAssociation.send(Buffer.from('once'));
    pair.scheduler.advance(10);
    const [first] = pair.sent;
    for (let copy = 0; copy < 5; copy++) pair.toServer(Buffer.from(first?.datagram ?? []));
    expect(pair.server.messages).to.deep.equal(['once']);
    expect(pair.server.counters.replayedRecords).to.equal(5);
  });

  it('ignore what is not protected once they are established', () => {
    const pair = established();
    const { serverAssociation, clientAddress, server } = pair;
    serverAssociation.receive(plainRecord(21, 50, Buffer.from([2, 40])), clientAddress);
    serverAssociation.receive(plainRecord(21, 51, Buffer.from([1, 0])), clientAddress);
    serverAssociation.receive(plainRecord(23, 52, Buffer.from('data')), clientAddress);
    serverAssociation.receive(plainRecord(22, 53, endMessage(beginMessage(), 20, 3)), clientAddress);
    expect(serverAssociation.state).to.equal('established');
    expect(server.messages).to.deep.equal([]);
    expect(server.counters.epochZeroAlertsIgnored).to.equal(2);
    expect(server.counters.epochZeroApplicationData).to.equal(1);
    expect(server.counters.epochZeroHandshakeIgnored).to.equal(1);
    expect(pair.sent).to.deep.equal([]);
    echo(pair);
  });

  it('never take application data in epoch 0 during the handshake', () => {
    const pair = new Pair({ suite: PSK, fate: () => [] });
    pair.clientAssociation.start();
    pair.clientAssociation.receive(plainRecord(23, 1, Buffer.from('data')), SERVER);
    expect(pair.client.messages).to.deep.equal([]);
    expect(pair.client.counters.epochZeroApplicationData).to.equal(1);
  });

  it('refuse renegotiation with a warning, once in a while', () => {
    const pair = established();
    for (const type of [HANDSHAKE_TYPE.clientHello, HANDSHAKE_TYPE.helloRequest, HANDSHAKE_TYPE.clientHello]) {
      const record = pair.clientAssociation.seal(22, endMessage(beginMessage(), type, 9));
      pair.toServer(record ?? Buffer.alloc(0));
    }
    pair.scheduler.advance(10);
    expect(pair.server.counters.renegotiationsRefused).to.equal(3);
    expect(pair.server.counters.alertsSent).to.equal(1);
    expect(pair.client.counters.alertsReceived).to.equal(1);
    expect(pair.clientAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.noRenegotiation });
    echo(pair);
  });

  it('keep the last flight for a client that has not got it', () => {
    let drop = true;
    const pair = new Pair({
      suite: PSK,
      // The server's last flight is lost until the client has asked for it again.
      fate: (datagram, toServer) => (!toServer && drop && datagram[0] === 20 ? [] : [1]),
    }).run(500);
    expect(pair.serverAssociation.state).to.equal('established');
    expect(pair.clientAssociation.state).to.equal('handshaking');
    drop = false;
    pair.scheduler.advance(1000);
    expect(pair.clientAssociation.state).to.equal('established');
    expect(pair.server.counters.retransmissionsForDuplicates).to.equal(1);
    echo(pair);
  });

  it('hold only so many early records, and open them when there are keys', () => {
    let answer: ((value: { key: Buffer }) => void) | undefined;
    const pair = new Pair({
      suite: PSK,
      server: {
        psk: {
          lookUp: () =>
            new Promise((resolve) => {
              answer = resolve;
            }),
        },
      },
    }).run(500);
    const early = Buffer.concat([Buffer.from('16fefd0001000000000009', 'hex'), Buffer.from([0, 30]), Buffer.alloc(30)]);
    for (let count = 0; count < 10; count++) pair.toServer(early);
    // One of the four places is the client's Finished.
    expect(pair.server.counters.earlyRecordsRefused).to.equal(7);
    expect(pair.budget.used).to.be.greaterThan(0);
    answer?.({ key: KEY });
    return Promise.resolve().then(async () => {
      await Promise.resolve();
      pair.scheduler.advance(100);
      expect(pair.clientAssociation.state).to.equal('established');
      expect(pair.budget.used).to.equal(0);
      echo(pair);
    });
  });

  it('take the same way for an unknown identity as for a wrong key', () => {
    const outcomes = [undefined, { key: Buffer.alloc(32, 9) }].map((found) => {
      const pair = new Pair({ suite: PSK, server: { psk: { lookUp: () => found } } }).run(60_000);
      expect(pair.server.established).to.deep.equal([]);
      expect(pair.server.counters.pskUnknownIdentities).to.equal(found === undefined ? 1 : 0);
      return {
        reasons: [pair.server.closed, pair.client.closed].map((closed) => closed.map(([, reason]) => reason)),
        alert: pair.clientAssociation.lastAlert,
        sent: pair.sent.map(({ toServer, datagram }) => [toServer, datagram.length]),
      };
    });
    expect(outcomes[0]).to.deep.equal(outcomes[1]);
    expect(outcomes[0]?.reasons).to.deep.equal([['handshake-failure'], ['peer-alert']]);
    expect(outcomes[0]?.alert).to.deep.equal({ sent: false, code: ALERT.decryptError });
  });
});

describe('dtls: certificates in handshakes', () => {
  const SUITE = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';

  it('are required, requested or not asked for', () => {
    const none = established({ suite: SUITE, client: { credentials: RSA_CREDENTIALS } });
    expect(none.serverAssociation.peerCertificates).to.be.undefined;
    const given = established({
      suite: SUITE,
      server: { clientCertificates: 'require' },
      client: { credentials: RSA_CREDENTIALS },
    });
    expect(given.serverAssociation.peerCertificates).to.deep.equal(RSA_CREDENTIALS.certificates);
    expect(given.clientAssociation.peerCertificates).to.deep.equal(ECDSA_CREDENTIALS.certificates);
    const withheld = established({ suite: SUITE, server: { clientCertificates: 'request' } });
    expect(withheld.serverAssociation.peerCertificates).to.be.undefined;
    const refused = new Pair({ suite: SUITE, server: { clientCertificates: 'require' } }).run();
    expect(refused.clientAssociation.lastAlert?.code).to.equal(ALERT.handshakeFailure);
    expect(refused.server.established).to.deep.equal([]);
  });

  it('end the handshake with the alert that their verifier gives', () => {
    const server = new Pair({
      suite: SUITE,
      server: { clientCertificates: 'require', verifyClient: () => ALERT.certificateExpired },
      client: { credentials: ECDSA_CREDENTIALS },
    }).run();
    expect(server.clientAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.certificateExpired });
    const client = new Pair({ suite: SUITE, client: { verifyServer: () => ALERT.unknownCa } }).run();
    expect(client.serverAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.unknownCa });
  });

  it('are refused when the key of another signed', () => {
    const credentials = { ...ECDSA_CREDENTIALS, certificates: RSA_CREDENTIALS.certificates };
    const server = new Pair({ suite: SUITE, server: { credentials: () => [credentials] } }).run();
    expect(server.serverAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.decryptError });
    const client = new Pair({ suite: SUITE, server: { clientCertificates: 'require' }, client: { credentials } }).run();
    expect(client.clientAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.decryptError });
  });

  it('are chosen by the name that the client asks for', () => {
    const names: (string | undefined)[] = [];
    const credentials = (name: string | undefined) => {
      names.push(name);
      return [RSA_CREDENTIALS];
    };
    const pair = new Pair({
      suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      server: { credentials },
      client: { serverName: 'Sip.Example.com' },
    }).run(100);
    expect(names[0]).to.equal('sip.example.com');
    expect(pair.serverAssociation.serverName).to.equal('sip.example.com');
  });
});

describe('dtls: connection identifiers (RFC 9146)', () => {
  it('lesson 4: an association survives that its peer gets another address', () => {
    const pair = established({ suite: PSK, ...CIDS });
    expect(pair.serverAssociation.localCid.toString()).to.equal('ssssssss');
    expect(pair.clientAssociation.peerCid.toString()).to.equal('ssssssss');
    echo(pair);
    pair.clientAddress = { name: 'elsewhere' };
    echo(pair, 'moved');
    expect(pair.serverAssociation.peer).to.equal(pair.clientAddress);
    expect(pair.server.moved).to.deep.equal([pair.clientAddress]);
  });

  it('the address follows only an authentic record that is newer than all others', () => {
    const pair = established({ suite: PSK, ...CIDS });
    echo(pair);
    const old = pair.sent.filter(({ toServer }) => toServer).map(({ datagram }) => datagram);
    const elsewhere = { name: 'elsewhere' };
    for (const datagram of old) pair.serverAssociation.receive(Buffer.from(datagram), elsewhere);
    const forged = Buffer.from(old[0] ?? []);
    forged.writeUInt32BE(77, 7);
    pair.serverAssociation.receive(forged, elsewhere);
    // A genuine record that was overtaken.
    const late = pair.clientAssociation.seal(23, Buffer.from('late')) ?? Buffer.alloc(0);
    pair.clientAssociation.send(Buffer.from('newer'));
    pair.scheduler.advance(10);
    pair.serverAssociation.receive(late, elsewhere);
    expect(pair.server.messages).to.include('late');
    expect(pair.server.moved).to.deep.equal([]);
    expect(pair.serverAssociation.peer).to.equal(pair.clientAddress);
  });

  it('with the return routability check, nothing but the challenge goes to the new address before it has answered', () => {
    const rrc = { connectionId: true, returnRoutability: true };
    const pair = established({ suite: PSK, server: rrc, client: rrc });
    pair.clientAddress = { name: 'elsewhere' };
    pair.clientAssociation.send(Buffer.from('moved'));
    pair.scheduler.advance(1);
    expect(pair.server.counters.pathChallengesSent).to.equal(1);
    expect(pair.server.moved).to.deep.equal([]);
    pair.scheduler.advance(10);
    expect(pair.client.counters.pathChallengesAnswered).to.equal(1);
    expect(pair.server.moved).to.deep.equal([pair.clientAddress]);
    echo(pair, 'again');
  });

  it('a peer that does not answer the check has not moved', () => {
    const rrc = { connectionId: true, returnRoutability: true };
    const pair = established({ suite: PSK, server: rrc, client: rrc, limits: { pathCheckTimeout: 500 } });
    const record = pair.clientAssociation.seal(23, Buffer.from('stolen')) ?? Buffer.alloc(0);
    pair.serverAssociation.receive(record, { name: 'thief' });
    pair.scheduler.advance(1000);
    expect(pair.server.counters.pathChecksFailed).to.equal(1);
    expect(pair.server.moved).to.deep.equal([]);
    echo(pair);
  });
});

describe('dtls: export and import of associations', () => {
  it('are over when a server’s has ended: its secrets are wiped, and those of its neighbours are not', () => {
    const [ended, neighbour] = [established({ suite: PSK }), established({ suite: PSK })];
    const state = ended.serverAssociation.exportState();
    const material = neighbour.serverAssociation.exportKeyingMaterial(8, 'EXPERIMENTAL x');
    ended.clientAssociation.close();
    ended.scheduler.advance(100);
    expect(ended.serverAssociation.state).to.equal('closed');
    expect(ended.serverAssociation.exportKeyingMaterial(8, 'EXPERIMENTAL x')).to.be.undefined;
    expect(ended.serverAssociation.exportState()).to.be.undefined;
    expect(Buffer.concat([state?.keys ?? KEY, state?.secrets ?? KEY]).every((octet) => octet === 0)).to.be.true;
    expect(neighbour.serverAssociation.exportKeyingMaterial(8, 'EXPERIMENTAL x')).to.deep.equal(material);
    echo(neighbour);
  });

  it('carry on both sides where they stopped, after a trip through MessagePack', () => {
    const pair = established({ suite: 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', ...CIDS });
    echo(pair);
    const state = decode(encode(pair.serverAssociation.exportState())) as AssociationState;
    const imported = importAssociation(pair.serverHost, pair.serverSettings, state, pair.clientAddress);
    const clientState = decode(encode(pair.clientAssociation.exportState())) as AssociationState;
    const client = importAssociation(pair.clientHost, pair.clientSettings, clientState, SERVER);
    if (imported === undefined || client === undefined) throw new Error('not imported');
    pair.sent.length = 0;
    for (let round = 0; round < 70; round++) {
      expect(client.send(Buffer.from(`to server ${round}`))).to.be.true;
      imported.receive(pair.sent.at(-1)?.datagram ?? Buffer.alloc(0), pair.clientAddress);
      imported.send(Buffer.from(`to client ${round}`));
      client.receive(pair.sent.at(-1)?.datagram ?? Buffer.alloc(0), SERVER);
    }
    expect(pair.server.messages.at(-1)).to.equal('to server 69');
    expect(pair.client.messages.at(-1)).to.equal('to client 69');
    expect(imported.pskIdentity?.toString()).to.equal(IDENTITY);
    expect(imported.exportKeyingMaterial(8, 'EXPERIMENTAL x')).to.deep.equal(
      pair.clientAssociation.exportKeyingMaterial(8, 'EXPERIMENTAL x'),
    );
    const before = pair.server.counters.replayedRecords;
    imported.receive(pair.sent.at(-2)?.datagram ?? Buffer.alloc(0), pair.clientAddress);
    expect(pair.server.counters.replayedRecords).to.equal(before + 1);
  });

  it('refuse what is no state', () => {
    const pair = established();
    const state = pair.serverAssociation.exportState();
    if (state === undefined) throw new Error('no state');
    const wrong: AssociationState[] = [
      { ...state, cipherSuite: 0 },
      { ...state, keys: Buffer.alloc(3) },
      { ...state, replayWindow: [] },
      { ...state, version: 2 as 1 },
    ];
    for (const one of wrong)
      expect(importAssociation(pair.serverHost, pair.serverSettings, one, SERVER)).to.be.undefined;
  });
});
