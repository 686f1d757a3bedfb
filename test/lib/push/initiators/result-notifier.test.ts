import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { initiatorsOf } from '../../../../lib/push/initiators/index.ts';
import type { Submission } from '../../../../push/index.ts';
import { InitiatorWorld, WEATHER } from '../support/initiator-world.ts';

interface Received {
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

describe('notifications of results', () => {
  let world: InitiatorWorld | undefined;
  let server: Server | undefined;
  let received: Received[];
  let answer: (request: IncomingMessage, count: number) => Answer | null;
  const listener: RequestListener = (request, response) => {
    void text(request).then((body) => {
      received.push({ url: request.url, type: request.headers['content-type'], body });
      const chosen = answer(request, received.length);
      // Null is an initiator that never answers.
      if (chosen === null) return;
      response.writeHead(chosen.status ?? 204, { ...chosen.headers }).end(chosen.body);
    });
  };

  beforeEach(() => {
    received = [];
    answer = () => ({});
  });

  afterEach(async () => {
    await world?.close();
    server?.closeAllConnections();
    server?.close();
    world = undefined;
    server = undefined;
  });

  async function open(changes: Record<string, unknown> = {}, initiators: object[] = []): Promise<string> {
    server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    world = await InitiatorWorld.open({
      notifications: { firstDelayMilliseconds: 20, maximumDelayMilliseconds: 50, pollMilliseconds: 20, ...changes },
      initiators: [
        { ...WEATHER, notifyUrls: [url] },
        {
          name: 'pap',
          token: { file: 'weather.token' },
          recipients: ['*'],
          notifyUrls: [url],
          notificationFormat: 'pap',
        },
        ...initiators,
      ],
    });
    return url;
  }

  const running = (): InitiatorWorld => world ?? expect.fail('no world');

  async function push(initiator: string, changes: Partial<Submission>): Promise<void> {
    const found = initiatorsOf(running().config).find(({ name }) => name === initiator) ?? expect.fail(initiator);
    const submission = {
      recipient: { type: 'impi' as const, value: 'alice@example.com' },
      contentType: 'text/plain',
      content: Buffer.from('hello'),
      ...changes,
    };
    expect((await running().desk.submit(found, submission)).accepted).to.equal(true);
  }

  const settleAll = async (state: 'delivered' | 'undeliverable', reason?: string): Promise<void> => {
    while ((await running().queue.size()) > 0) await running().settle(state, reason);
  };

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  const counters = () => running().server.counters.notifications;
  const left = async (): Promise<number> => {
    const { queue } = running();
    // Also those that are put off: whatever there is, is due within a day.
    return (await queue.notifications(1000)).length;
  };

  it('go to the initiator’s URL as JSON or as PAP, once', async () => {
    const url = await open();
    await push('weather', { id: 'one', notifyUrl: `${url}results?x=1` });
    await push('pap', { id: 'two', notifyUrl: `${url}pap` });
    await push('weather', { id: 'silent' });
    await settleAll('undeliverable', 'refused-by-agent');
    await until(() => counters().received === 2);
    expect(received).to.have.length(2);
    const json = received.find(({ url: path }) => path === '/results?x=1');
    expect(json?.type).to.equal('application/json');
    expect(JSON.parse(json?.body ?? '')).to.deep.include({
      id: 'one',
      state: 'undeliverable',
      reason: 'refused-by-agent',
    });
    const pap = received.find(({ url: path }) => path === '/pap');
    expect(pap?.type).to.equal('application/xml');
    await running().validate(pap?.body ?? '');
    expect(pap?.body)
      .to.include('<resultnotification-message push-id="two"')
      .and.include('message-state="undeliverable"')
      .and.include('WAPPUSH=alice%40example.com/TYPE=USER@push.example.net');
    await until(async () => (await left()) === 0);
  });

  it('come again after a failure, until they are received', async () => {
    const url = await open();
    answer = (_request, count) => ({ status: count < 3 ? 500 : 200 });
    await push('weather', { id: 'one', notifyUrl: url });
    await settleAll('delivered');
    await until(() => counters().received === 1);
    expect(counters()).to.deep.include({ failed: 2, received: 1, exhausted: 0 });
    expect(received).to.have.length(3);
  });

  it('are given up after as many attempts as there may be', async () => {
    const url = await open({ maximumAttempts: 3 });
    answer = () => ({ status: 503, headers: { 'retry-after': '0' } });
    await push('weather', { notifyUrl: url });
    await settleAll('delivered');
    await until(() => counters().exhausted === 1);
    await until(async () => (await left()) === 0);
    expect(received).to.have.length(3);
  });

  it('follow no redirect, and do not come again where they are refused', async () => {
    const url = await open();
    answer = (request) =>
      request.url === '/moved' ? { status: 307, headers: { location: `${url}elsewhere` } } : { status: 404 };
    await push('weather', { notifyUrl: `${url}moved` });
    await push('weather', { notifyUrl: `${url}gone` });
    await settleAll('delivered');
    await until(() => counters().refused === 2);
    await until(async () => (await left()) === 0);
    expect(received.map(({ url: path }) => path).sort()).to.deep.equal(['/gone', '/moved']);
  });

  it('wait no longer than they may for an answer', async () => {
    const url = await open({ timeoutMilliseconds: 50, maximumAttempts: 2 });
    answer = () => null;
    await push('weather', { notifyUrl: url });
    await settleAll('delivered');
    await until(() => counters().exhausted === 1);
    expect(received).to.have.length(2);
  });

  it('read no more of an answer than they may; its status counts', async () => {
    const url = await open({ maximumResponseOctets: 100 });
    answer = () => ({ status: 200, body: 'x'.repeat(1_000_000) });
    await push('weather', { notifyUrl: url });
    await settleAll('delivered');
    await until(() => counters().received === 1);
    expect(counters().responsesTooLarge).to.equal(1);
  });

  it('to an initiator that never answers do not hold up those to others', async () => {
    const url = await open({ maximumConcurrent: 4, maximumConcurrentOfInitiator: 2 });
    answer = (request) => (request.url === '/never' ? null : {});
    for (let index = 0; index < 20; index++) await push('weather', { notifyUrl: `${url}never` });
    for (let index = 0; index < 5; index++) await push('pap', { notifyUrl: `${url}quick` });
    await settleAll('delivered');
    await until(() => counters().received === 5);
    expect(received.filter(({ url: path }) => path === '/never')).to.have.length(2);
  });

  it('to an initiator that lost the right to the URL are given up', async () => {
    const url = await open();
    await running().queue.accept({
      id: '1',
      initiator: 'weather',
      recipient: { type: 'impi', value: 'alice@example.com' },
      contentType: 'text/plain',
      content: Buffer.alloc(0),
      priority: 'low',
      acceptedAt: Date.now(),
      deliverBefore: Date.now() + 60_000,
      notifyUrl: url.replace('127.0.0.1', '127.0.0.2'),
    });
    await settleAll('delivered');
    await until(() => counters().forbidden === 1);
    await until(async () => (await left()) === 0);
    expect(received).to.deep.equal([]);
  });

  it('stay in the queue when the server is closed in the middle of one', async () => {
    const url = await open();
    answer = () => null;
    await push('weather', { notifyUrl: url });
    await settleAll('delivered');
    await until(() => received.length === 1);
    await running().server.close();
    const [notification] = await running().queue.notifications(1);
    expect(notification?.attempts).to.equal(0);
  });

  it('go over TLS to servers of the authorities alone', async () => {
    world = await InitiatorWorld.open({
      notifications: { authorities: 'ca.pem', firstDelayMilliseconds: 20, pollMilliseconds: 20, maximumAttempts: 2 },
      initiators: [{ ...WEATHER, notifyUrls: ['https://localhost/'] }],
    });
    const files = { cert: await readFile(world.file('server.pem')), key: await readFile(world.file('server.key')) };
    server = createSecureServer(files, listener);
    const forged = createSecureServer(
      { cert: await readFile(world.file('forged.pem')), key: await readFile(world.file('forged.key')) },
      listener,
    );
    try {
      const ports: number[] = [];
      for (const one of [server, forged]) {
        one.listen(0, 'localhost');
        await once(one, 'listening');
        ports.push((one.address() as AddressInfo).port);
      }
      const rights = world.config.initiators[0] ?? expect.fail('no initiator');
      const initiator = initiatorsOf(world.config)[0] ?? expect.fail('no initiator');
      for (const port of ports) {
        const url = `https://localhost:${port}/`;
        const outcome = await world.desk.submit(
          { ...initiator, notifyUrls: [url] },
          {
            recipient: { type: 'impi', value: 'alice@example.com' },
            contentType: 'text/plain',
            content: Buffer.alloc(0),
            notifyUrl: url,
          },
        );
        expect(outcome.accepted).to.equal(true);
      }
      // The server's own configuration has only port 443, so that it would refuse; that right is not what is tested here.
      (rights.notifyUrls as string[]).push(...ports.map((port) => `https://localhost:${port}/`));
      await settleAll('delivered');
      await until(() => counters().received === 1 && counters().exhausted === 1);
      expect(received).to.have.length(1);
    } finally {
      forged.close();
    }
  });
});
