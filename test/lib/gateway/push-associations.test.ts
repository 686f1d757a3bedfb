import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { parseConfig, requireSection, type GatewayConfig } from '../../../lib/config/index.ts';
import { PushAssociationReader, pushGsids } from '../../../lib/gateway/push-associations.ts';
import { GatewayAssociationStore } from '../../../lib/gateway/push/association-store.ts';
import { GatewayAssociations, type GatewayAssociation } from '../../../push/index.ts';

const SECRET = Buffer.alloc(32, 4);
const START = Date.now();

const ASSOCIATION: GatewayAssociation = {
  ptid: 'cHRpZA',
  rand: Buffer.alloc(16, 1),
  nafId: { fqdn: 'osg.home1.example', protocol: '0100000005' },
  mode: 'GBA_ME',
  nafKey: Buffer.alloc(32, 7),
  createdAt: START,
  // Longer than all tests take that run before.
  expiresAt: START + 86_400_000,
  nextToSend: 1,
  highestReceived: 0,
  subscriber: 'sip:alice@home1.example',
  publicIdentity: 'sip:alice@home1.example',
  securitySettings: [{ gsid: 0, flags: [1], uids: ['sip:alice@home1.example'] }],
};

function configOf(authenticators: string, push = true): GatewayConfig {
  const section = `
  push:
    queue: { path: push.sqlite }
    associations: { path: associations.sqlite }
    initiators: { fqdn: push.home1.example, initiators: [{ name: a, token: { file: a }, recipients: ['*'] }] }
    carriers: [{ type: udp, host: 127.0.0.1, port: 0 }]`;
  const text = `
kmc:
  domain: kmc.home1.example
  subscribers: { database: users.sqlite, secretKey: { file: key } }
gateway:
  keyCentre: { type: embedded }
  sec1:
    sip:
      - name: edge
        host: 127.0.0.1
        transports: [udp, dtls]
        fqdn: osg.home1.example
        authenticators: ${authenticators}
${push ? section : ''}
`;
  return requireSection(parseConfig(text, '/etc/osgate/osgate.yaml'), 'gateway');
}

describe('the NAF SAs that authenticators read', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-reader-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function open(secret = SECRET): PushAssociationReader {
    const config = configOf('[{ type: push-psk }]');
    if (config.push === undefined) throw new Error('no push');
    const associations = { ...config.push.associations, path: join(folder, 'associations.sqlite') };
    const reader = PushAssociationReader.open({ ...config, push: { ...config.push, associations } }, secret);
    if (reader === undefined) throw new Error('no reader');
    return reader;
  }

  it('are those that another worker has written, at once, also when it began later', async () => {
    const early = open();
    const path = join(folder, 'associations.sqlite');
    const store = new GatewayAssociationStore({ path, maximumAssociations: 10, secret: SECRET });
    const associations = new GatewayAssociations({ store });
    await associations.add(ASSOCIATION);
    const late = open();
    for (const reader of [early, late]) expect(await reader.find(ASSOCIATION.ptid)).to.deep.equal(ASSOCIATION);
    await associations.remove(ASSOCIATION.ptid);
    expect(await early.find(ASSOCIATION.ptid)).to.equal(undefined);
    for (const one of [early, late, store]) await one.close();
  });

  it('are as if they were not there for who has another secret', async () => {
    const path = join(folder, 'associations.sqlite');
    const store = new GatewayAssociationStore({ path, maximumAssociations: 10, secret: SECRET });
    await new GatewayAssociations({ store }).add(ASSOCIATION);
    const stranger = open(Buffer.alloc(32, 5));
    expect(await stranger.find(ASSOCIATION.ptid)).to.equal(undefined);
    await stranger.close();
    await store.close();
  });

  it('are none without a gateway that pushes', () => {
    expect(PushAssociationReader.open(configOf('[{ type: gba-psk }]', false), SECRET)).to.equal(undefined);
  });

  it('have the settings that any authenticator asks for', () => {
    expect(
      pushGsids(configOf('[{ type: push-psk, gsids: [7, 0] }, { type: push-digest, gsids: [7, 9] }]')),
    ).to.deep.equal([7, 0, 9]);
    expect(pushGsids(configOf('[{ type: gba-psk, gsids: [3] }]'))).to.deep.equal([]);
  });
});

describe('the configuration of authenticators that use NAF SAs of pushes', () => {
  it('has a realm of its own', () => {
    const [, authenticator] = configOf('[{ type: push-psk }, { type: push-digest }]').sec1.sip[0]?.authenticators ?? [];
    expect(authenticator).to.include({ type: 'push-digest', realm: 'osgate-gba-push@osg.home1.example' });
  });

  it('refuses them without gateway.push', () => {
    expect(() => configOf('[{ type: push-digest }]', false)).to.throw(
      'gateway.sec1.sip[0].authenticators[0].type: found "push-digest", expected a gateway.push section, whose pushes make the keys',
    );
  });

  it('refuses them at a listener whose name is not that of the pushes', () => {
    const other = `[{ type: gba-psk }, { type: push-psk }]\n      - { name: b, host: 127.0.0.2, fqdn: b.example, authenticators: [{ type: push-digest }] }`;
    expect(() => configOf(other)).to.throw(
      'gateway.sec1.sip[1].authenticators[0].type: found "push-digest", expected a listener whose fqdn is that of gateway.push, osg.home1.example',
    );
  });
});
