import { expect } from 'chai';

import { connect, type DtlsAssociation } from '../../../../dtls/index.ts';
import { ChannelProofs, type PskSource } from '../../../../lib/identity/index.ts';
import {
  ChannelServer,
  type AssociationPeer,
  type ChannelEvents,
  type ChannelUser,
} from '../../../../lib/sec1/index.ts';
import { UdpTransport, type Peer } from '../../../../sip/index.ts';
import { waitFor } from '../../../support/dtls-agent.ts';

const KEY = Buffer.alloc(32, 9);

describe('the DTLS server of a listener', () => {
  let socket: UdpTransport;
  let server: ChannelServer;
  let heard: string[];
  let opened: AssociationPeer[];
  let expiresAt: number | undefined;
  let hasRoom: boolean;
  const clients: DtlsAssociation[] = [];

  const psk: PskSource = {
    scheme: 'gba-psk',
    counters: {},
    isCurrent: () => true,
    lookUp: ({ identity }) => ({
      key: KEY,
      identity: {
        scheme: 'gba-psk',
        subject: identity,
        impus: [],
        securitySettings: [{ gsid: 1, flags: [], uids: ['sip:a@b'] }],
        ...(expiresAt === undefined ? {} : { expiresAt }),
      },
    }),
  };
  const events: ChannelEvents = {
    opened: (_, { identity }) => heard.push(`opened ${identity?.subject ?? ''}`),
    refused: (_listener, _remote, reason) => heard.push(`refused ${reason}`),
    closed: (_listener, _peer, reason) => heard.push(`closed ${reason}`),
    failed: (_, { reason }) => heard.push(`failed ${reason}`),
  };
  const user: ChannelUser = {
    onOpened: (peer) => {
      opened.push(peer);
      return hasRoom;
    },
    onMessage: (data, peer) => {
      heard.push(`message ${data.toString()} of ${peer.association}`);
    },
    onMoved: ({ port }) => {
      heard.push(`moved to ${port}`);
    },
    onClosed: () => undefined,
  };

  const make = async (
    requires?: { gsid: number; flags: number[] }[],
    firstAssociation = 0xffff_ffff,
  ): Promise<void> => {
    server = new ChannelServer({
      name: 'test',
      proofs: new ChannelProofs({ psk: [psk], certificates: undefined }),
      identityRequired: true,
      requires: () => requires,
      server: {},
      psk: { hint: '3GPP-bootstrapping' },
      events,
      user,
      firstAssociation,
    });
    socket = await UdpTransport.open({ host: '127.0.0.1', port: 0 }, (datagram, peer: Peer) => {
      server.receive(datagram, peer);
    });
    server.attach(socket);
  };

  beforeEach(() => {
    heard = [];
    opened = [];
    expiresAt = undefined;
    hasRoom = true;
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await server.close();
    await socket.close();
  });

  const client = async (identity = 'x'): Promise<DtlsAssociation> => {
    const association = await connect({
      host: '127.0.0.1',
      port: socket.local.port,
      psk: { identity, key: KEY },
      connectionId: { length: 0 },
    });
    clients.push(association);
    return association;
  };

  it('gives each association a number, which stays while its address changes', async () => {
    await make();
    const one = await client('one');
    const two = await client('two');
    expect(
      opened.map(({ association }) => association),
      'they wrap',
    ).to.deep.equal([0, 1]);
    one.send(Buffer.from('hello'));
    await waitFor('hello', () => heard.find((text) => text === 'message hello of 0'));
    const before = opened[0]?.port;
    await one.rebind();
    one.send(Buffer.from('again'));
    await waitFor('again', () => heard.find((text) => text === 'message again of 0'));
    expect(opened[0]?.port).to.not.equal(before);
    expect(heard.some((text) => text === `moved to ${opened[0]?.port ?? 0}`)).to.equal(true);
    expect(server.find(1)).to.equal(opened[1]);
    await two.close();
    await waitFor('the end', () => heard.find((text) => text === 'closed peer-closed'));
    expect(server.find(1)).to.equal(undefined);
    expect(server.size).to.equal(1);
  });

  it('ends an association when its GBA key expires, and says so', async () => {
    await make();
    expiresAt = Date.now() + 700;
    const association = await client();
    const reasons: string[] = [];
    association.on('close', (reason) => reasons.push(reason));
    await waitFor('expiry', () => heard.find((text) => text === 'closed key-expired'));
    await waitFor('the client', () => reasons[0]);
    expect(server.size).to.equal(0);
  });

  it('takes nobody whose security settings lack what is required, or for whom there is no room', async () => {
    await make([{ gsid: 2, flags: [] }]);
    await client();
    await waitFor('refusal', () => heard.find((text) => text === 'refused not-permitted'));
    await server.close();
    await socket.close();
    await make([{ gsid: 1, flags: [] }]);
    hasRoom = false;
    await client();
    await waitFor('refusal', () => heard.find((text) => text === 'refused no-room'));
    expect(server.size).to.equal(0);
    expect(server.counters).to.include({ 'refused-no-room': 1, opened: 0 });
  });

  it('releases associations with their numbers, and another server carries on', async () => {
    await make();
    const association = await client();
    const key = Buffer.alloc(32, 1);
    const { sealed, records } = server.release(key);
    expect(server.size).to.equal(0);
    expect(records).to.deep.equal([{ key: records[0]?.key, association: 0 }]);
    const { port } = socket.local;
    await socket.close();
    server = new ChannelServer({
      name: 'test',
      proofs: new ChannelProofs({ psk: [psk], certificates: undefined }),
      identityRequired: true,
      server: {},
      psk: { hint: '3GPP-bootstrapping' },
      events,
      user,
      firstAssociation: 700,
    });
    socket = await UdpTransport.open({ host: '127.0.0.1', port }, (datagram, peer) => {
      server.receive(datagram, peer);
    });
    server.attach(socket);
    expect(server.adopt(sealed, records, key)).to.equal(1);
    expect(server.find(0)?.identity?.subject).to.equal('x');
    association.send(Buffer.from('after'));
    await waitFor('after', () => heard.find((text) => text === 'message after of 0'));
  });
});
