import { expect } from 'chai';

import {
  AuthenticatorChain,
  ChannelAuthenticator,
  ChannelPeer,
  ChannelProofs,
  GbaPsk,
  KeyCache,
  StaticPsk,
  type Authenticator,
  type Identity,
} from '../../../lib/identity/index.ts';
import { KmcError, type BootstrappingInfo, type KeyCentre } from '../../../kmc/index.ts';
import type { Flow } from '../../../sip/index.ts';
import { silentTransport } from '../../support/fake-listener.ts';
import { makeRequest } from '../../support/sip-node.ts';

const BTID = 'I1U8vpY3qJ0hiuZNrke/NQ==@bsf.example.com';

class FakePeer extends ChannelPeer {
  readonly address = '192.0.2.1';
  readonly port = 4711;
  readonly association = 1;
  readonly identity: Identity | undefined;
  constructor(identity: Identity | undefined) {
    super();
    this.identity = identity;
  }
}

const identityOf = (more: Partial<Identity> = {}): Identity => ({
  scheme: 'gba-psk',
  subject: BTID,
  impus: ['sip:alice@example.com'],
  ...more,
});

const flowOf = (identity: Identity | undefined): Flow => ({
  transport: silentTransport('DTLS-UDP'),
  peer: new FakePeer(identity),
});

describe('identities that a channel proved', () => {
  it('are those of its messages, by the scheme of the authenticator and until they expire', () => {
    let now = 1000;
    const authenticator = new ChannelAuthenticator({ scheme: 'gba-psk', now: () => now });
    const flow = flowOf(identityOf({ expiresAt: 2000 }));
    expect(authenticator.authenticate(makeRequest('MESSAGE'), flow).outcome).to.equal('authenticated');
    expect(
      new ChannelAuthenticator({ scheme: 'psk', now: () => now }).authenticate(makeRequest('MESSAGE'), flow).outcome,
    ).to.equal('not-applicable');
    now = 2000;
    expect(authenticator.authenticate(makeRequest('MESSAGE'), flow).outcome).to.equal('not-applicable');
    const plain = { transport: silentTransport('UDP'), peer: { address: '192.0.2.1', port: 4711 } };
    expect(authenticator.authenticate(makeRequest('MESSAGE'), plain).outcome).to.equal('not-applicable');
  });

  it('are not enough where a digest is wanted as well', () => {
    const authenticator = new ChannelAuthenticator({ scheme: 'gba-psk', digestAsWell: true });
    expect(authenticator.authenticate(makeRequest('MESSAGE'), flowOf(identityOf())).outcome).to.equal('not-applicable');
  });

  it('must be of the same subscriber as the digest within: by private identity, or else by a common public one', async () => {
    const check = async (channel: Partial<Identity>, digest: Partial<Identity>): Promise<string> => {
      const authenticator: Authenticator = {
        scheme: 'gba-digest',
        authenticate: async () => ({
          outcome: 'authenticated',
          identity: identityOf({ scheme: 'gba-digest', ...digest }),
        }),
      };
      const chain = new AuthenticatorChain({ authenticators: [authenticator] });
      const result = await chain.authenticate(makeRequest('MESSAGE'), flowOf(identityOf(channel)));
      return result.outcome === 'refused' ? result.reason : result.outcome;
    };
    expect(await check({ impi: 'a' }, { impi: 'a', impus: [] })).to.equal('authenticated');
    expect(await check({ impi: 'a' }, { impi: 'b' })).to.equal('channel-mismatch');
    expect(await check({}, { impi: 'b' })).to.equal('authenticated');
    expect(await check({}, { impus: ['sip:bob@example.com'] })).to.equal('channel-mismatch');
  });
});

describe('GBA keys as pre-shared keys', () => {
  const asked: { btid: string; nafId: string }[] = [];
  const centre: KeyCentre = {
    bootstrappingInfo: async ({ btid, nafId }): Promise<BootstrappingInfo> => {
      asked.push({ btid, nafId: nafId.toString() });
      if (btid !== BTID) throw new KmcError('OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID', 'unknown');
      return {
        keys: { meKeyMaterial: Buffer.alloc(32, 5) },
        expiresAt: Date.now() + 60_000,
        createdAt: 0,
        securitySettings: [{ gsid: 0, type: 0, uids: ['sip:alice@example.com'], flags: [] }],
      };
    },
    close: async () => undefined,
  };
  const psk = (organisation: 'OMA' | '3GPP'): GbaPsk =>
    new GbaPsk({
      fqdn: 'osg.example.com',
      organisation,
      keys: new KeyCache({ keyCentre: centre, maximumKeys: 10 }),
      gsids: [0],
    });

  beforeEach(() => {
    asked.length = 0;
  });

  it('are asked for under the identifier of the suite in force', async () => {
    const identity = `3GPP-bootstrapping;${BTID}`;
    const found = await psk('OMA').lookUp({ identity, cipherSuiteCode: 0xd001 });
    expect(found?.key).to.deep.equal(Buffer.alloc(32, 5));
    expect(found?.identity).to.include({ scheme: 'gba-psk', subject: BTID });
    expect(found?.identity.impus).to.deep.equal(['sip:alice@example.com']);
    await psk('3GPP').lookUp({ identity, cipherSuiteCode: 0x00a8 });
    expect(asked.map(({ nafId }) => nafId)).to.deep.equal(['osg.example.com/030001d001', 'osg.example.com/01000100a8']);
  });

  it('are not asked for when the identity has another form', async () => {
    const source = psk('OMA');
    for (const identity of [
      '',
      BTID,
      '3GPP-bootstrapping;',
      '3GPP-bootstrapping-uicc;a@b',
      '3GPP-bootstrapping;x y@z',
    ]) {
      expect(await source.lookUp({ identity, cipherSuiteCode: 0x00a8 }), identity).to.equal(undefined);
    }
    expect(asked.length).to.equal(0);
    expect(source.counters.malformed).to.equal(5);
    expect(await source.lookUp({ identity: '3GPP-bootstrapping;QQ@b', cipherSuiteCode: 0x00a8 })).to.equal(undefined);
    expect(source.counters.unknown).to.equal(1);
  });

  it('of several sources the first that knows the identity counts; a session of one that is gone is not resumed', async () => {
    const fixed = new StaticPsk({ text: `meter:${'00'.repeat(16)}`, name: 'psk.txt' });
    const proofs = new ChannelProofs({ psk: [psk('OMA'), fixed], certificates: undefined });
    const found = await proofs.lookUp({ identity: 'meter', cipherSuiteCode: 0x00a8 });
    const facts = { pskData: found?.identity, pskIdentity: 'meter', peerCertificate: undefined };
    expect(proofs.judge(facts)).to.deep.equal({ accepted: true, identity: found?.identity });
    proofs.replace({ psk: [psk('OMA'), new StaticPsk({ text: '', name: 'psk.txt' })], certificates: undefined });
    expect(proofs.judge(facts)).to.deep.equal({ accepted: false });
    expect(proofs.judge({ ...facts, pskData: undefined }), 'without its proof').to.deep.equal({ accepted: false });
    const nothing = { pskData: undefined, pskIdentity: undefined, peerCertificate: undefined };
    expect(proofs.judge(nothing)).to.deep.equal({ accepted: true, identity: undefined });
  });
});
