import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

import { expect } from 'chai';
import fc from 'fast-check';

import {
  formatPdu,
  parsePdu,
  PduFramer,
  type CarrierResult,
  type SmppCarrier,
  type SmppCarrierSettings,
  type SmppLinkEvent,
  type SmppPdu,
} from '../../../../push/index.ts';
import { smppCarrier, until } from '../../support/smpp-settings.ts';

/** What an SMSC must never do, from a server of our own: no program does it. */
describe('push: an SMSC that means harm', function () {
  this.timeout(20_000);

  let server: Server;
  let carrier: SmppCarrier;
  let sockets: Socket[];
  let got: SmppPdu[];
  let events: SmppLinkEvent[];
  let answer: (pdu: SmppPdu, socket: Socket) => void;

  beforeEach(async () => {
    [sockets, got, events] = [[], [], []];
    answer = accept;
    server = createServer((socket) => {
      sockets.push(socket);
      const framer = new PduFramer(70_000);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        framer.add(chunk, (octets) => {
          const pdu = parsePdu(octets);
          if (pdu === undefined) return;
          got.push(pdu);
          answer(pdu, socket);
        });
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    await carrier.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const accept = ({ command, sequence }: SmppPdu, socket: Socket): void => {
    if (command.endsWith('_resp') || command === 'generic_nack') return;
    socket.write(formatPdu({ command: `${command}_resp`, status: 0, sequence, fields: {} }));
  };

  const open = async (settings: Partial<SmppCarrierSettings> = {}): Promise<Socket> => {
    const { port } = server.address() as AddressInfo;
    carrier = await smppCarrier(port, settings, { onEvent: (event) => events.push(event) });
    await until(() => carrier.state === 'bound');
    return sockets[0] as Socket;
  };

  const lost = async (reason: string): Promise<void> => {
    await until(() => events.some((event) => event.kind === 'lost'));
    expect(events.find(({ kind }) => kind === 'lost')).to.deep.equal({ kind: 'lost', reason });
    await until(() => carrier.state === 'bound' && sockets.length > 1);
  };

  const deliver = (): Promise<CarrierResult> =>
    carrier.deliver({
      recipient: { type: 'impu', value: 'tel:+491700000001' },
      ...{ octets: Buffer.of(1), contentType: 'a/b', deliverBefore: Date.now() + 60_000 },
      answered: new AbortController().signal,
    });

  const header = (length: number, command: number, sequence: number): Buffer => {
    const octets = Buffer.alloc(16);
    octets.writeUInt32BE(length, 0);
    octets.writeUInt32BE(command, 4);
    octets.writeUInt32BE(sequence, 12);
    return octets;
  };

  for (const length of [0, 3, 15, 16_385, 0x8000_0000, 0xffff_ffff]) {
    it(`leaves a connection with a PDU that says it has ${length} octets, and begins anew`, async () => {
      (await open()).write(header(length, 0x15, 1));
      await lost('framing');
    });
  }

  it('waits for the rest of half a PDU no longer than for an answer to enquire_link', async () => {
    const socket = await open({ enquireLinkMilliseconds: 50, responseTimeoutMilliseconds: 200 });
    // The answers to enquire_link are inside what is never whole.
    socket.write(header(1000, 0x05, 1));
    await lost('no-answer');
  });

  it('answers a PDU that cannot be read with generic_nack, and goes on', async () => {
    const socket = await open();
    // A deliver_sm whose message is longer than the PDU, and one with half a number in an optional parameter.
    const message = formatPdu({
      command: 'deliver_sm',
      status: 0,
      sequence: 77,
      fields: { short_message: Buffer.alloc(4) },
    });
    message.writeUInt8(200, message.length - 5);
    const parameter = Buffer.concat([
      header(16 + 17 + 5, 0x05, 78),
      Buffer.alloc(17),
      Buffer.from('0204000201', 'hex'),
    ]);
    socket.write(Buffer.concat([message, parameter]));
    await until(() => got.some(({ sequence }) => sequence === 78));
    expect(got.filter(({ command }) => command === 'generic_nack').map(({ sequence }) => sequence)).to.deep.equal([
      77, 78,
    ]);
    expect((await deliver()).outcome).to.equal('sent');
    expect(carrier.counters).to.include({ malformed: 2, connectionsLost: 0 });
  });

  it('answers commands that it does not serve with generic_nack', async () => {
    const socket = await open();
    socket.write(
      Buffer.concat([header(16, 0x7777, 5), header(16, 0x04, 6), header(16, 0x0102, 7), header(16, 0x15, 8)]),
    );
    await until(() => got.some(({ command }) => command === 'enquire_link_resp'));
    const nacks = got.filter(({ command }) => command === 'generic_nack');
    expect(nacks.map(({ sequence, status }) => [sequence, status])).to.deep.equal([
      [5, 3],
      [6, 3],
    ]);
  });

  it('does not take an answer to something else, or to nothing, for its own', async () => {
    await open({ responseTimeoutMilliseconds: 300 });
    answer = ({ command, sequence }, socket) => {
      if (command === 'unbind') accept({ command, sequence, status: 0, fields: {} }, socket);
      if (command !== 'submit_sm') return;
      socket.write(formatPdu({ command: 'enquire_link_resp', status: 0, sequence, fields: {} }));
      socket.write(formatPdu({ command: 'submit_sm_resp', status: 0, sequence: sequence + 1000, fields: {} }));
    };
    expect(await deliver()).to.include({ reason: 'smpp-timeout', temporary: true });
    expect(carrier.counters).to.include({ unexpected: 2 });
  });

  it('takes a generic_nack for a refusal, even with the status of success', async () => {
    await open();
    answer = ({ command, sequence, ...rest }, socket) => {
      if (command !== 'submit_sm') accept({ command, sequence, ...rest }, socket);
      else socket.write(formatPdu({ command: 'generic_nack', status: 0, sequence, fields: {} }));
    };
    expect(await deliver()).to.include({ outcome: 'failed', reason: 'smpp-0x00000000' });
  });

  it('takes nothing that is delivered before it is bound', async () => {
    answer = (pdu, socket) => {
      if (pdu.command === 'bind_transceiver') {
        const fields = { short_message: Buffer.from('a') };
        socket.write(formatPdu({ command: 'deliver_sm', status: 0, sequence: 9, fields }));
      }
      accept(pdu, socket);
    };
    await open();
    await until(() => got.some(({ command }) => command === 'deliver_sm_resp'));
    expect(got.find(({ command }) => command === 'deliver_sm_resp')?.status).to.equal(4);
    expect(carrier.counters).to.include({ uplinkReceived: 0 });
  });

  it('leaves an SMSC that asks without end and does not read the answers', async () => {
    // A stream that takes the bind, and nothing after it; a real one would do so when megabytes are in the kernel.
    let streams = 0;
    const connect = (ready: () => void): Duplex => {
      streams++;
      let isFirst = true;
      const stream = new Duplex({
        read: () => undefined,
        write(octets: Buffer, _, done) {
          const pdu = parsePdu(octets);
          if (!isFirst || pdu === undefined) return;
          isFirst = false;
          stream.push(formatPdu({ command: `${pdu.command}_resp`, status: 0, sequence: pdu.sequence, fields: {} }));
          stream.push(Buffer.concat(Array.from({ length: 200 }, (_, index) => header(16, 0x15, index + 1))));
          done();
        },
      });
      setImmediate(ready);
      return stream;
    };
    const settings = { maximumUnsentOctets: 2048, responseTimeoutMilliseconds: 100 };
    carrier = await smppCarrier(1, settings, { connect, onEvent: (event) => events.push(event) });
    await until(() => streams > 1);
    expect(events.find(({ kind }) => kind === 'lost')).to.deep.equal({ kind: 'lost', reason: 'peer-does-not-read' });
  });

  it('comes back after an unbind, and after a connection that is never answered', async () => {
    let binds = 0;
    answer = (pdu, socket) => {
      if (pdu.command === 'bind_transceiver' && ++binds === 2) return;
      accept(pdu, socket);
    };
    const socket = await open({ responseTimeoutMilliseconds: 200 });
    socket.write(header(16, 0x06, 1));
    await until(() => binds === 3 && carrier.state === 'bound');
    expect(events.map((event) => ('reason' in event ? event.reason : event.kind))).to.deep.equal([
      ...['bound', 'unbound-by-peer', 'no-answer', 'bound'],
    ]);
    expect(got.some(({ command }) => command === 'unbind_resp')).to.equal(true);
  });

  it('survives any octets', async () => {
    await open();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(0x110), async (octets, command) => {
        await until(() => carrier.state === 'bound');
        const socket = sockets.at(-1);
        socket?.write(Buffer.concat([header(16 + octets.length, command, 1), octets, header(16, 0x15, 2)]));
        const { length } = got;
        await until(() => got.length > length || carrier.state !== 'bound');
      }),
      { numRuns: 200 },
    );
    await until(() => carrier.state === 'bound');
    expect((await deliver()).outcome).to.equal('sent');
  });
});
