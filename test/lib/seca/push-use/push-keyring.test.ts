import { expect } from 'chai';

import { OsgateError } from '../../../../lib/errors.ts';
import type { AssociationPsk } from '../../../../lib/seca/association/association-psk.ts';
import { pushDigest, type DigestSource } from '../../../../lib/seca/digest-source.ts';
import { PushAgentPsk } from '../../../../lib/seca/push-use/push-agent-psk.ts';
import { PushKeyring } from '../../../../lib/seca/push-use/push-keyring.ts';
import { derivePushPassword, derivePushPsk, type NafSecurityAssociation } from '../../../../push/index.ts';

const NOW = 1_700_000_000_000;
const GATEWAY = 'osg.home1.example';
const BOTH = '3GPP-bootstrapping;osgate-gba-push';

function association(ptid: string, expiresAt = NOW + 60_000): NafSecurityAssociation {
  return {
    ptid,
    rand: Buffer.alloc(16),
    nafId: { fqdn: GATEWAY, protocol: '0100000005' },
    mode: 'GBA_ME',
    nafKey: Buffer.alloc(32, 3),
    createdAt: NOW,
    expiresAt,
    nextToSend: 1,
    highestReceived: 0,
  };
}

function setUp(first?: NafSecurityAssociation) {
  const world = { newest: first, renewed: [] as unknown[] };
  const keyring = new PushKeyring({
    gatewayFqdn: GATEWAY,
    newest: async (fqdn) => (fqdn === GATEWAY ? world.newest : undefined),
    now: () => NOW,
  });
  const otherPsk: AssociationPsk = {
    runs: 5,
    lookUp: async (_hint, _suite, renew) => {
      world.renewed.push(renew);
      return { identity: '3GPP-bootstrapping;b', key: Buffer.alloc(32), expiresAt: NOW + 1, btid: 'b' };
    },
  };
  const otherDigest: DigestSource = {
    kinds: 1,
    credentials: async (renew) => {
      world.renewed.push(renew);
      return { username: 'b', password: 'p', realm: `3GPP-bootstrapping@${GATEWAY}` };
    },
  };
  return { world, keyring, otherPsk, otherDigest };
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof OsgateError ? error.code : error),
  );
}

describe('the keys of pushes, the agent’s side', () => {
  it('are the newest ones, over DTLS and by digest', async () => {
    const { keyring } = setUp(association('a'));
    const psk = await new PushAgentPsk({ keyring, requireHint: true }).lookUp(BOTH, 0xa8);
    const key = derivePushPsk(Buffer.alloc(32, 3));
    expect(psk).to.deep.equal({ identity: 'osgate-gba-push;a', key, expiresAt: NOW + 60_000, btid: 'a' });
    expect(await pushDigest(keyring, undefined).credentials(false)).to.deep.equal({
      username: 'a',
      password: derivePushPassword(Buffer.alloc(32, 3)),
      realm: `osgate-gba-push@${GATEWAY}`,
    });
  });

  it('are not used once refused, or about to end; a newer push brings others', async () => {
    const { keyring, world } = setUp(association('a'));
    const psk = new PushAgentPsk({ keyring, requireHint: true });
    expect(await codeOf(psk.lookUp(BOTH, 0xa8, { refused: 'a' }))).to.equal('OSGATE_AGENT_NO_KEYS');
    expect(await codeOf(psk.lookUp(BOTH, 0xa8))).to.equal('OSGATE_AGENT_NO_KEYS');
    world.newest = association('b');
    expect((await psk.lookUp(BOTH, 0xa8)).btid).to.equal('b');
    world.newest = association('c', NOW + 1000);
    expect(await codeOf(psk.lookUp(BOTH, 0xa8))).to.equal('OSGATE_AGENT_NO_KEYS');
  });

  it('give way to bootstrapped ones where there are none, or the gateway does not hint at them', async () => {
    const { keyring, world, otherPsk } = setUp(association('a'));
    const psk = new PushAgentPsk({ keyring, requireHint: true, otherwise: otherPsk });
    expect(psk.runs).to.equal(5);
    expect((await psk.lookUp('3GPP-bootstrapping', 0xa8)).btid).to.equal('b');
    expect((await psk.lookUp(BOTH, 0xa8)).btid).to.equal('a');
    expect((await psk.lookUp(BOTH, 0xa8, { refused: 'a' })).btid).to.equal('b');
    world.newest = undefined;
    expect((await psk.lookUp(BOTH, 0xa8)).btid).to.equal('b');
    const alone = new PushAgentPsk({ keyring, requireHint: true });
    expect(await codeOf(alone.lookUp('3GPP-bootstrapping', 0xa8))).to.equal('OSGATE_AGENT_REFUSED');
    expect(await codeOf(alone.lookUp(undefined, 0xa8))).to.equal('OSGATE_AGENT_REFUSED');
  });

  it('try everything there is for a digest, one after the other, the bootstrapped ones as they are and then anew', async () => {
    const { keyring, world, otherDigest } = setUp(association('a'));
    const source = pushDigest(keyring, otherDigest);
    expect(source.kinds).to.equal(2);
    expect((await source.credentials(false)).username).to.equal('a');
    expect((await source.credentials(true)).username).to.equal('b');
    expect((await source.credentials(true)).username).to.equal('b');
    expect(world.renewed).to.deep.equal([false, true]);
    expect(await codeOf(pushDigest(keyring, undefined).credentials(false))).to.equal('OSGATE_AGENT_NO_KEYS');
  });
});
