import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { LocationServer } from '../../scenarios/location-server/location-server.ts';
import { pidfLoDocument } from '../../scenarios/location-server/pidf-lo-document.ts';
import { RawAgent } from '../../scenarios/support/raw-agent.ts';
import type { SipRequest } from '../../sip/index.ts';

const SCHEMA = fileURLToPath(new URL('../fixtures/xsd/pidf.xsd', import.meta.url));
const position = { latitude: 51.4778, longitude: -0.0015, radius: 25 };

describe('location server', () => {
  it('makes PIDF-LO that its schemas accept, and a broken one they do not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-pidf-'));
    const validate = async (name: string, document: string): Promise<string> => {
      const file = join(folder, name);
      await writeFile(file, document);
      return promisify(execFile)('xmllint', ['--noout', '--nonet', '--schema', SCHEMA, file]).then(
        () => 'valid',
        () => 'invalid',
      );
    };
    try {
      const document = pidfLoDocument({
        entity: 'pres:a&b@example.com',
        position,
        at: new Date(),
        retentionSeconds: 60,
      });
      expect(await validate('good.xml', document)).to.equal('valid');
      expect(await validate('no-uom.xml', document.replace(/ uom="[^"]*"/, ''))).to.equal('invalid');
      expect(
        await validate(
          'order.xml',
          document.replace(/(<gp:location-info>.*<\/gp:location-info>)(<gp:usage-rules>.*<\/gp:usage-rules>)/, '$2$1'),
        ),
      ).to.equal('invalid');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  describe('answers SUBSCRIBE', () => {
    let server: LocationServer;
    let agent: RawAgent;

    before(async () => {
      server = await LocationServer.start({
        host: '127.0.0.1',
        port: 0,
        intervalMilliseconds: 60_000,
        minimumExpires: 60,
        maximumExpires: 3600,
        maximumSubscriptions: 2,
        requireIdentity: true,
        ringMilliseconds: 0,
        position: () => position,
      });
      agent = await RawAgent.open({ address: '127.0.0.1', port: server.port });
    });

    after(async () => {
      await agent.close();
      await server.close();
    });

    const subscribe = (headers: Readonly<Record<string, string>>): SipRequest => {
      const request = agent.createRequest('SUBSCRIBE', 'sip:bob@example.com', 'sip:alice@example.com');
      for (const [name, value] of Object.entries({
        'P-Asserted-Identity': '<sip:alice@example.com>',
        Event: 'presence',
        ...headers,
      })) {
        request.set(name, value);
      }
      return request;
    };

    it('with 489, 406, 423 and 403 where RFC 6665 and its own rules say so', async () => {
      const badEvent = await agent.send(subscribe({ Event: 'dialog' }));
      expect([badEvent.status, badEvent.header('Allow-Events')]).to.deep.equal([489, 'presence']);
      expect((await agent.send(subscribe({ Accept: 'text/plain' }))).status).to.equal(406);
      const brief = await agent.send(subscribe({ Expires: '10' }));
      expect([brief.status, brief.header('Min-Expires')]).to.deep.equal([423, '60']);
      const anonymous = subscribe({});
      anonymous.remove('P-Asserted-Identity');
      expect((await agent.send(anonymous)).status).to.equal(403);
      expect(server.subscriptionCount).to.equal(0);
    });

    it('with 200 up to its bound, then 503, and 481 for a subscription that it does not know', async () => {
      for (const expected of [200, 200, 503]) {
        expect((await agent.send(subscribe({ Expires: '100' }))).status).to.equal(expected);
      }
      const unknown = subscribe({});
      unknown.set('To', '<sip:bob@example.com>;tag=x');
      expect((await agent.send(unknown)).status).to.equal(481);
    });
  });
});
