import type { Subscriber } from '../../../kmc/subscribers/index.ts';

/** The secret key of every test database. */
export const KEY = Buffer.alloc(32, 0x5a);

/** Milenage test set 1. */
export const TEST_SUBSCRIBER: Subscriber = {
  impi: 'alice@home1.example',
  impus: ['sip:alice@home1.example', 'tel:+4930123456'],
  k: Buffer.from('465b5ce8b199b49faa5f0a2ee238a6bc', 'hex'),
  opc: Buffer.from('cd63cb71954a9f4e48a5994e37a02baf', 'hex'),
  amf: Buffer.from('4321', 'hex'),
  sqn: 0x20n,
  settings: { bsfInfo: { lifeTime: 1800 }, ussList: [] },
};
