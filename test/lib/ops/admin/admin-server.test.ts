import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startAdminServer, type AdminServer } from '../../../../lib/ops/admin/admin-server.ts';
import { AdminToken, loadAdminToken } from '../../../../lib/ops/admin/admin-token.ts';
import { createLogger, type AdminSources } from '../../../../lib/ops/index.ts';

const TOKEN = '0123456789abcdef';

describe('the admin API', () => {
  let folder: string;
  let server: AdminServer;
  let ready = true;
  let reloads = true;
  const orders: string[] = [];

  const sources: AdminSources = {
    readiness: async () => ({ ready, checks: { listeners: true, accepting: ready } }),
    status: async () => ({ draining: false }),
    flows: async (limit) => ({ total: 5, flows: [{ limit }] }),
    targets: async () => [
      { rule: 'all', uri: 'sip:a', weight: 1, priority: 0, state: 'up' as const, inFlight: 0, outcomes: {} },
    ],
    drainTarget: async (uri, draining) => {
      orders.push(`${uri} ${draining}`);
      return uri === 'sip:a';
    },
    drain: async (draining) => void orders.push(`all ${draining}`),
    reload: async () =>
      reloads
        ? { outcome: 'applied', applied: ['log.level'], ignored: [] }
        : { outcome: 'refused', problems: ['osgate.yaml:1: log: found 1'] },
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-admin-'));
    await writeFile(join(folder, 'token'), `${TOKEN}\n`, { mode: 0o600 });
    const logger = createLogger({ level: 'silent', format: 'json' }, 'test');
    const options = { host: '127.0.0.1', port: 0, token: { file: join(folder, 'token') }, maximumFlows: 100 };
    server = await startAdminServer(options, sources, logger);
  });

  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const ask = async (method: string, path: string, token?: string, body?: string): Promise<[number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    return [response.status, await response.json()];
  };

  it('wants the token for everything but liveness and readiness', async () => {
    expect((await ask('GET', '/health'))[0]).to.equal(200);
    expect((await ask('GET', '/ready'))[0]).to.equal(200);
    for (const [method, path] of [
      ['GET', '/status'],
      ['GET', '/flows'],
      ['GET', '/targets'],
      ['POST', '/drain'],
      ['POST', '/undrain'],
      ['POST', '/reload'],
      ['POST', '/targets/drain'],
      ['POST', '/targets/undrain'],
      ['GET', '/nowhere'],
    ] as const) {
      expect((await ask(method, path))[0], path).to.equal(401);
      expect((await ask(method, path, `${TOKEN}x`))[0], path).to.equal(401);
    }
    expect(orders).to.deep.equal([]);
    expect((await ask('GET', '/status', TOKEN))[0]).to.equal(200);
    expect((await ask('GET', '/nowhere', TOKEN))[0]).to.equal(404);
  });

  it('answers 503 with every check when not ready', async () => {
    ready = false;
    expect(await ask('GET', '/ready')).to.deep.equal([
      503,
      { ready: false, checks: { listeners: true, accepting: false } },
    ]);
    ready = true;
  });

  it('shows at most as many flows as configured', async () => {
    expect(await ask('GET', '/flows', TOKEN)).to.deep.equal([200, { total: 5, flows: [{ limit: 100 }] }]);
    expect(await ask('GET', '/flows?limit=7', TOKEN)).to.deep.equal([200, { total: 5, flows: [{ limit: 7 }] }]);
    expect(await ask('GET', '/flows?limit=700', TOKEN)).to.deep.equal([200, { total: 5, flows: [{ limit: 100 }] }]);
  });

  it('drains targets that there are, and understands nothing but a URI', async () => {
    orders.length = 0;
    expect((await ask('POST', '/targets/drain', TOKEN, '{"uri":"sip:a"}'))[0]).to.equal(200);
    expect((await ask('POST', '/targets/undrain', TOKEN, '{"uri":"sip:b"}'))[0]).to.equal(404);
    for (const body of ['{"uri":1}', '[]', 'null', '{', `{"uri":"${'x'.repeat(5000)}"}`]) {
      expect((await ask('POST', '/targets/drain', TOKEN, body))[0], body.slice(0, 20)).to.be.oneOf([400, 413]);
    }
    expect(orders).to.deep.equal(['sip:a true', 'sip:b false']);
  });

  it('answers 422 with the problems when a reload is refused', async () => {
    expect(await ask('POST', '/reload', TOKEN)).to.deep.equal([
      200,
      { outcome: 'applied', applied: ['log.level'], ignored: [] },
    ]);
    reloads = false;
    expect(await ask('POST', '/reload', TOKEN)).to.deep.equal([
      422,
      { outcome: 'refused', problems: ['osgate.yaml:1: log: found 1'] },
    ]);
  });
});

describe('the token of the admin API', () => {
  it('admits by the scheme Bearer only, in any case', () => {
    const token = new AdminToken(TOKEN);
    expect(token.admits(`bearer ${TOKEN}`)).to.equal(true);
    for (const wrong of [undefined, '', TOKEN, `Basic ${TOKEN}`, `Bearer ${TOKEN} `, 'Bearer ']) {
      expect(token.admits(wrong), String(wrong)).to.equal(false);
    }
  });

  it('is refused when it is short, missing, or has spaces', async () => {
    for (const text of ['', 'short', 'with spaces in it, and long']) {
      const loaded = await loadAdminToken({ environment: 'TOKEN' }, { TOKEN: text }).catch((error: unknown) => error);
      expect(loaded).to.have.property('code', 'OSGATE_CONFIG_INVALID');
    }
    const missing = await loadAdminToken({ file: '/nonexistent' }).catch((error: unknown) => error);
    expect(missing).to.have.property('message').that.contains('ENOENT');
  });
});
