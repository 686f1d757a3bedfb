import { expect } from 'chai';

import { NafId, UaSecurityProtocolId } from '../../../../kmc/gba/index.ts';
import { AgentKeyring } from '../../../../lib/seca/agent-keyring.ts';
import { nafKey, type BootstrappedKeys } from '../../../../lib/seca/bootstrapped-keys.ts';
import { GbaPsk, type GbaPskOptions } from '../../../../lib/seca/association/gba-psk.ts';

const FQDN = 'osg.example.com';
const HINT = '3GPP-bootstrapping';
const PSK_AES_128_GCM = 0x00a8;

function keysOf(run: number): BootstrappedKeys {
  return {
    impi: '001010000000001@ims.example.net',
    btid: `rand${run}@bsf.example.net`,
    ks: Buffer.alloc(32, run),
    rand: Buffer.alloc(16, 0x20),
    expiresAt: Date.now() + 3_600_000,
  };
}

function makeKeyring(): AgentKeyring {
  let run = 0;
  return new AgentKeyring({
    impi: '001010000000001@ims.example.net',
    nafId: new NafId(FQDN, UaSecurityProtocolId.SIP_DIGEST),
    bootstrap: async () => keysOf(++run),
  });
}

function makePsk(options: Partial<GbaPskOptions> = {}): GbaPsk {
  return new GbaPsk({
    keyring: makeKeyring(),
    gatewayFqdn: FQDN,
    organisation: 'OMA',
    identityForm: 'prefixed',
    requireHint: true,
    ...options,
  });
}

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

describe('GBA keys as pre-shared keys', () => {
  it('are Ks_NAF for the FQDN of the gateway and 03 00 01 YY ZZ of the negotiated suite', async () => {
    const { identity, key } = await makePsk().lookUp(HINT, PSK_AES_128_GCM);
    expect(identity).to.equal('3GPP-bootstrapping;rand1@bsf.example.net');
    const expected = nafKey(keysOf(1), new NafId(FQDN, UaSecurityProtocolId.parse('03000100a8')));
    expect(key.equals(expected)).to.equal(true);
  });

  it('are others for another suite, and for the identifier of 3GPP', async () => {
    const keyring = makeKeyring();
    const oma = makePsk({ keyring });
    const gpp = makePsk({ keyring, organisation: '3GPP' });
    const first = await oma.lookUp(HINT, PSK_AES_128_GCM);
    const otherSuite = await oma.lookUp(HINT, 0xccac);
    const otherPrefix = await gpp.lookUp(HINT, PSK_AES_128_GCM);
    expect(new Set([first, otherSuite, otherPrefix].map(({ key }) => key.toString('hex'))).size).to.equal(3);
    const expected = nafKey(keysOf(1), new NafId(FQDN, UaSecurityProtocolId.parse('01000100a8')));
    expect(otherPrefix.key.equals(expected)).to.equal(true);
  });

  it('go by the B-TID alone when told so', async () => {
    const { identity } = await makePsk({ identityForm: 'btid' }).lookUp(HINT, PSK_AES_128_GCM);
    expect(identity).to.equal('rand1@bsf.example.net');
  });

  it('are not used for a gateway that hints at something else, before Ub is run', async () => {
    const psk = makePsk();
    for (const hint of [undefined, '', 'Client_identity', '3GPP-bootstrapping-uicc', 'a;3GPP-bootstrapping-digest']) {
      expect(await codeOf(psk.lookUp(hint, PSK_AES_128_GCM)), String(hint)).to.equal('OSGATE_AGENT_REFUSED');
    }
    expect(psk.runs).to.equal(0);
    for (const hint of ['3GPP-bootstrapping-uicc;3GPP-bootstrapping', HINT]) {
      expect(await codeOf(psk.lookUp(hint, PSK_AES_128_GCM))).to.equal(undefined);
    }
    expect(await codeOf(makePsk({ requireHint: false }).lookUp(undefined, PSK_AES_128_GCM))).to.equal(undefined);
  });
});

describe('the keyring', () => {
  it('runs Ub once for all who ask at once, and again only for keys that were really refused', async () => {
    const keyring = makeKeyring();
    const [one, other] = await Promise.all([keyring.keys(), keyring.keys()]);
    expect(one).to.equal(other);
    expect((await keyring.keys({ refused: 'somebody@else' })).btid).to.equal(one.btid);
    const [renewed, again] = await Promise.all([
      keyring.keys({ refused: one.btid }),
      keyring.keys({ refused: one.btid }),
    ]);
    expect(renewed).to.equal(again);
    // Whoever learns later that the old keys were refused gets those that replaced them.
    expect((await keyring.keys({ refused: one.btid })).btid).to.equal(renewed.btid);
    expect(keyring.runs).to.equal(2);
  });

  it('runs Ub again when a run failed', async () => {
    let run = 0;
    const keyring = new AgentKeyring({
      impi: 'a@b',
      nafId: new NafId(FQDN, UaSecurityProtocolId.SIP_DIGEST),
      bootstrap: async () => {
        run++;
        if (run === 1) throw new Error('no network');
        return keysOf(run);
      },
    });
    expect(await keyring.keys().catch(() => 'failed')).to.equal('failed');
    expect((await keyring.keys()).btid).to.equal('rand2@bsf.example.net');
  });
});
