import { expect } from 'chai';

import { ALERT } from '../../../dtls/errors.ts';
import { beginMessage, endMessage } from '../../../dtls/handshake/handshake-message.ts';
import { HANDSHAKE_TYPE } from '../../../dtls/handshake/handshake-type.ts';
import { plainRecord, readRecord, RecordView } from '../../../dtls/record/record-header.ts';
import { TicketKeys } from '../../../dtls/session/ticket-keys.ts';
import { ECDSA_CREDENTIALS, Pair, type PairOptions, SERVER } from './pair.ts';

type MessageName = keyof typeof HANDSHAKE_TYPE;

/** A handshake as one side sees it: what it may get, message after message. Finished is never right in epoch 0. */
interface Case {
  readonly name: string;
  readonly options: PairOptions;
  readonly server: readonly (readonly MessageName[])[];
  readonly client: readonly (readonly MessageName[])[];
}

const HELLO: readonly MessageName[] = ['serverHello', 'helloVerifyRequest'];
const TICKETS = new TicketKeys({
  lifetimeSeconds: 60,
  rotationSeconds: 60,
  random: (length) => Buffer.alloc(length, 7),
});

const CASES: readonly Case[] = [
  {
    name: 'PSK',
    options: { suite: 'TLS_PSK_WITH_AES_128_GCM_SHA256' },
    server: [['clientHello'], ['clientKeyExchange'], ['finished']],
    client: [HELLO, ['serverKeyExchange', 'serverHelloDone'], ['finished']],
  },
  {
    name: 'PSK with a hint and a ticket',
    options: {
      suite: 'TLS_PSK_WITH_AES_128_GCM_SHA256',
      server: { psk: { hint: 'hint', lookUp: () => ({ key: Buffer.alloc(16) }) }, ticketKeys: TICKETS },
      client: { psk: () => ({ identity: Buffer.from('a'), key: Buffer.alloc(16) }), sessionTickets: true },
    },
    server: [['clientHello'], ['clientKeyExchange'], ['finished']],
    client: [HELLO, ['serverKeyExchange', 'serverHelloDone'], ['serverHelloDone'], ['newSessionTicket'], ['finished']],
  },
  {
    name: 'ECDHE_PSK',
    options: { suite: 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256' },
    server: [['clientHello'], ['clientKeyExchange'], ['finished']],
    client: [HELLO, ['serverKeyExchange'], ['serverHelloDone'], ['finished']],
  },
  {
    name: 'ECDHE_RSA',
    options: { suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' },
    server: [['clientHello'], ['clientKeyExchange'], ['finished']],
    client: [HELLO, ['certificate'], ['serverKeyExchange'], ['certificateRequest', 'serverHelloDone'], ['finished']],
  },
  {
    name: 'ECDHE_ECDSA with client certificates',
    options: {
      suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      server: { clientCertificates: 'require' },
      client: { credentials: ECDSA_CREDENTIALS },
    },
    server: [['clientHello'], ['certificate'], ['clientKeyExchange'], ['certificateVerify'], ['finished']],
    client: [
      HELLO,
      ['certificate'],
      ['serverKeyExchange'],
      ['certificateRequest', 'serverHelloDone'],
      ['serverHelloDone'],
      ['finished'],
    ],
  },
];

/** All types, one that does not exist among them. */
const TYPES: readonly [string, number][] = [...Object.entries(HANDSHAKE_TYPE), ['unknown', 99]];

/** The records of a datagram, each in a datagram of its own. */
function split(datagram: Buffer): Buffer[] {
  const records: Buffer[] = [];
  const view = new RecordView();
  for (let offset = 0; readRecord(datagram, offset, 0, view); offset = view.end)
    records.push(datagram.subarray(view.start, view.end));
  return records;
}

/** Whether a record carries a handshake message in the open. */
function isMessage(record: Buffer): boolean {
  return record[0] === 22 && record.readUInt16BE(3) === 0;
}

/**
 * Runs a handshake until one side has had so many messages.
 *
 * @returns the message_seq that it expects next
 */
function runUntil(pair: Pair, target: 'server' | 'client', messages: number): number {
  let had = 0;
  let next = 0;
  let progress = 0;
  if (target === 'server' || messages > 0) pair.clientAssociation.start();
  for (let at = 0; at < pair.sent.length && progress < 1000; at++, progress++) {
    const datagram = pair.sent[at];
    if (datagram === undefined) break;
    for (const record of split(datagram.datagram)) {
      const toTarget = datagram.toServer === (target === 'server');
      if (toTarget && had === messages) return next;
      if (toTarget && isMessage(record)) {
        had++;
        next = record.readUInt16BE(17) + 1;
      }
      if (datagram.toServer) pair.toServer(Buffer.from(record));
      else pair.clientAssociation.receive(Buffer.from(record), SERVER);
    }
  }
  return next;
}

function inject(pair: Pair, target: 'server' | 'client', type: number, sequence: number): void {
  const record = plainRecord(22, 1000, endMessage(beginMessage(), type, sequence));
  if (target === 'server') pair.serverAssociation.receive(record, pair.clientAddress);
  else pair.clientAssociation.receive(record, SERVER);
}

describe('dtls: the order of handshake messages', () => {
  for (const { name, options, ...sides } of CASES) {
    for (const target of ['server', 'client'] as const) {
      sides[target].forEach((allowed, messages) => {
        // A server is only made for a ClientHello.
        if (target === 'server' && messages === 0) return;
        it(`${name}: the ${target} takes nothing but ${allowed.join(' or ')} as message ${messages + 1}`, () => {
          for (const [typeName, type] of TYPES) {
            if ((allowed as readonly string[]).includes(typeName) && typeName !== 'finished') continue;
            const pair = new Pair({ ...options, cookies: false, fate: () => [], limits: { mtu: 16_000 } });
            const sequence = runUntil(pair, target, messages);
            if (target === 'client' && messages === 0) pair.clientAssociation.start();
            const side = pair[target];
            const association = target === 'server' ? pair.serverAssociation : pair.clientAssociation;
            expect(association.state, typeName).to.equal('handshaking');
            inject(pair, target, type, sequence);
            if (typeName === 'finished') {
              // Without protection it is no Finished, whoever sent it: it is dropped.
              expect(association.state, typeName).to.equal('handshaking');
              expect(side.counters.malformedHandshakeMessages, typeName).to.equal(1);
            } else {
              expect(association.state, typeName).to.equal('closed');
              expect(association.lastAlert, typeName).to.deep.equal({ sent: true, code: ALERT.unexpectedMessage });
              expect(side.closed.map(([, reason]) => reason)).to.deep.equal(['handshake-failure']);
            }
            expect(side.established).to.deep.equal([]);
          }
        });
      });
    }
  }
});
