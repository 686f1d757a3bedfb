import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';

import { PROBLEM_CODES } from '../../../../lib/push/initiators/json-schemas.ts';
import { InitiatorWorld, type CurlAnswer } from '../support/initiator-world.ts';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses?: Record<string, unknown>; operationId?: string }>>;
}

const HELLO = {
  recipient: { type: 'impu', value: 'sip:alice@example.com' },
  contentType: 'text/plain',
  content: 'hello',
};

describe('the JSON API for initiators', () => {
  let world: InitiatorWorld;
  let document: OpenApi;
  let ajv: Ajv2020;
  const asked = new Set<string>();

  before(async () => {
    world = await InitiatorWorld.open({ maximumRequestOctets: 4096 });
    const answer = await world.curl('/openapi.json');
    expect(answer.status).to.equal(200);
    document = JSON.parse(answer.body) as OpenApi;
    ajv = new Ajv2020({ strict: false });
    // The package is CommonJS, and its default export stands on the module as well.
    (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
    ajv.addSchema(document, 'openapi');
  });

  after(async () => {
    await world.close();
  });

  /** Asks, and has the schema that the document gives for that answer check it. */
  async function ask(method: string, path: string, body?: unknown, ...options: string[]): Promise<CurlAnswer> {
    if (body !== undefined) await writeFile(world.file('body'), typeof body === 'string' ? body : JSON.stringify(body));
    const sent = ['-H', 'Content-Type: application/json', '--data-binary', `@${world.file('body')}`];
    const answer = await world.asWeather(path, '-X', method, ...(body === undefined ? [] : sent), ...options);
    validate(method, path, answer);
    return answer;
  }

  function validate(method: string, path: string, answer: CurlAnswer): void {
    const template = path.startsWith('/pushes/') ? '/pushes/{id}' : path;
    const operation = document.paths[template]?.[method.toLowerCase()];
    expect(operation, `${method} ${template}`).to.be.an('object');
    asked.add(`${method} ${template}`);
    const described = operation?.responses?.[answer.status];
    expect(described, `${method} ${template} ${answer.status} ${answer.body}`).to.be.an('object');
    if (answer.status === 204) return void expect(answer.body).to.equal('');
    const type = answer.status < 300 ? 'application/json' : 'application/problem+json';
    expect(answer.headers).to.match(new RegExp(`content-type: ${type.replace('+', '\\+')}`, 'i'));
    const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
    const place =
      answer.status < 300
        ? `paths/${escape(template)}/${method.toLowerCase()}/responses/${answer.status}/content/${escape(type)}/schema`
        : 'components/schemas/Problem';
    const check = ajv.getSchema(`openapi#/${encodeURI(place)}`);
    expect(check, place).to.be.a('function');
    expect(check?.(JSON.parse(answer.body)), `${ajv.errorsText(check?.errors)} ${answer.body}`).to.equal(true);
  }

  const codeOf = ({ status, body }: CurlAnswer): string => `${status} ${(JSON.parse(body) as { code: string }).code}`;

  it('has a document of OpenAPI 3.1 whose references lead somewhere, each operation with a name of its own', () => {
    expect(document.openapi).to.match(/^3\.1\./);
    const text = JSON.stringify(document);
    for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let value: unknown = document;
      for (const key of pointer.split('/')) value = (value as Record<string, unknown>)[key];
      expect(value, pointer).to.be.an('object');
    }
    const names = Object.values(document.paths)
      .flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
      .filter((name) => name !== undefined);
    expect(new Set(names).size).to.equal(names.length).and.to.equal(5);
    expect(new Set(PROBLEM_CODES).size).to.equal(PROBLEM_CODES.length);
  });

  it('accepts a push with all that it may say, and tells what became of it', async () => {
    const submission = {
      ...HELLO,
      content: undefined,
      contentBase64: Buffer.from([0, 1, 255]).toString('base64'),
      id: 'a/b?c#d%e',
      applicationId: 'x-app',
      priority: 'high',
      deliverAfter: new Date(Date.now() - 1000).toISOString(),
      deliverBefore: new Date(Date.now() + 60_000).toISOString(),
      notifyUrl: 'http://127.0.0.1/results',
    };
    const accepted = await ask('POST', '/pushes', submission);
    expect(accepted.status, accepted.body).to.equal(202);
    const path = `/pushes/${encodeURIComponent(submission.id)}`;
    expect(accepted.headers).to.match(/^location: (\S+)/im);
    expect(/^location: (\S+)/im.exec(accepted.headers)?.[1]).to.equal(path);
    expect(JSON.parse((await ask('GET', path)).body)).to.deep.include({ id: submission.id, state: 'accepted' });
    const [taken] = await world.queue.take(1);
    expect(taken?.message).to.deep.include({
      initiator: 'weather',
      priority: 'high',
      applicationId: 'x-app',
      notifyUrl: 'http://127.0.0.1/results',
      deliverBefore: Date.parse(submission.deliverBefore),
    });
    expect(taken?.message.content).to.deep.equal(Buffer.from([0, 1, 255]));
    expect(JSON.parse((await ask('GET', path)).body)).to.deep.include({ state: 'delivering' });
    expect(codeOf(await ask('DELETE', path))).to.equal('409 too-late');
    await world.queue.settle(taken?.key ?? 0, 'undeliverable', { attempted: true, reason: 'refused-by-agent' });
    expect(JSON.parse((await ask('GET', path)).body)).to.deep.include({
      state: 'undeliverable',
      reason: 'refused-by-agent',
      attempts: 1,
    });
  });

  it('replaces and cancels', async () => {
    await ask('POST', '/pushes', { ...HELLO, id: 'one' });
    expect((await ask('POST', '/pushes', { ...HELLO, id: 'two', replaces: 'one' })).status).to.equal(202);
    expect(JSON.parse((await ask('GET', '/pushes/one')).body)).to.deep.include({ state: 'replaced' });
    expect((await ask('DELETE', '/pushes/two')).status).to.equal(204);
    expect(JSON.parse((await ask('GET', '/pushes/two')).body)).to.deep.include({ state: 'cancelled' });
    expect(codeOf(await ask('DELETE', '/pushes/two'))).to.equal('409 too-late');
    expect(codeOf(await ask('DELETE', '/pushes/nobody'))).to.equal('404 push-unknown');
    expect(codeOf(await ask('GET', '/pushes/nobody'))).to.equal('404 push-unknown');
  });

  it('shows an initiator none of another’s', async () => {
    await ask('POST', '/pushes', { ...HELLO, id: 'mine' });
    const other = await world.curl('/pushes/mine', '--digest', '-u', 'news:news-0123456789abcdef');
    expect(codeOf(other)).to.equal('404 push-unknown');
  });

  const wrong: Record<string, [code: string, body: unknown]> = {
    'no JSON': ['400 request-invalid', '{'],
    'no object': ['400 request-invalid', '[]'],
    'no recipient': ['400 request-invalid', { ...HELLO, recipient: undefined }],
    'a member that is not known': ['400 request-invalid', { ...HELLO, deliverbefore: 'x' }],
    'a number for a text': ['400 request-invalid', { ...HELLO, contentType: 1 }],
    'two contents': ['400 request-invalid', { ...HELLO, contentBase64: '' }],
    'no content': ['400 request-invalid', { ...HELLO, content: undefined }],
    'a time that is none': ['400 request-invalid', { ...HELLO, deliverAfter: 'tomorrow' }],
    'a leap second': ['400 time-invalid', { ...HELLO, deliverAfter: '2016-12-31T23:59:60Z' }],
    'no base64': ['400 content-invalid', { ...HELLO, content: undefined, contentBase64: 'ä' }],
    'a recipient that is none': ['400 recipient-invalid', { ...HELLO, recipient: { type: 'impu', value: 'alice' } }],
    'a private identity that is none': [
      '400 recipient-invalid',
      { ...HELLO, recipient: { type: 'impi', value: 'sip:alice' } },
    ],
    'no MIME type': ['400 content-type-invalid', { ...HELLO, contentType: 'text' }],
    'a time that is over': ['400 deliver-before-past', { ...HELLO, deliverBefore: '2020-01-01T00:00:00Z' }],
    'a time far away': ['400 deliver-before-far', { ...HELLO, deliverBefore: '2120-01-01T00:00:00Z' }],
    'a recipient of others': [
      '403 recipient-forbidden',
      { ...HELLO, recipient: { type: 'impi', value: 'alice@example.org' } },
    ],
    'a URL of others': ['403 notify-url-forbidden', { ...HELLO, notifyUrl: 'http://127.0.0.2/' }],
    'the id of another': ['409 duplicate', { ...HELLO, id: 'mine' }],
    'nothing to replace': ['404 replaced-unknown', { ...HELLO, replaces: 'nobody' }],
    'a body that is too long': ['413 request-too-large', { ...HELLO, content: 'x'.repeat(5000) }],
  };
  for (const [what, [code, body]] of Object.entries(wrong)) {
    it(`refuses ${what}: ${code}`, async () => {
      expect(codeOf(await ask('POST', '/pushes', body))).to.equal(code);
      const [, outcome = ''] = code.split(' ');
      const counted = world.server.counters.requests.samples().map(({ labels }) => labels['outcome']);
      expect(counted).to.include(outcome);
    });
  }

  it('refuses another type, and paths that there are not', async () => {
    const plain = await world.asWeather('/pushes', '-X', 'POST', '-H', 'Content-Type: text/plain', '--data', 'x');
    validate('POST', '/pushes', plain);
    expect(codeOf(plain)).to.equal('415 media-type-unsupported');
    for (const path of ['/', '/pushes', '/admin'])
      expect(codeOf(await world.asWeather(path))).to.equal('404 not-found');
  });

  it('says when to come back when an initiator is too fast or has too much waiting', async () => {
    const initiator = { token: { file: 'weather.token' }, recipients: ['*'] };
    const small = await InitiatorWorld.open({
      initiators: [
        { ...initiator, name: 'weather', maximumOpenPushes: 1, maximumContentOctets: 10 },
        { ...initiator, name: 'news', token: undefined, password: { file: 'news.password' }, burst: 1, perSecond: 1 },
      ],
    });
    const send = (content: string) => [
      '-H',
      'Content-Type: application/json',
      '-d',
      JSON.stringify({ ...HELLO, content }),
    ];
    const asNews = () => small.curl('/pushes', '--digest', '-u', 'news:news-0123456789abcdef', ...send('x'));
    try {
      expect(codeOf(await small.asWeather('/pushes', ...send('x'.repeat(11))))).to.equal('413 content-too-large');
      expect((await small.asWeather('/pushes', ...send('x'))).status).to.equal(202);
      const full = await small.asWeather('/pushes', ...send('x'));
      expect(codeOf(full)).to.equal('429 initiator-full');
      expect(full.headers).to.match(/^retry-after: 5\r/im);
      // The bucket fills while curl starts; of eight at once it has not enough for all.
      let limited: CurlAnswer | undefined;
      while (limited === undefined) {
        const answers = await Promise.all(Array.from({ length: 8 }, asNews));
        limited = answers.find(({ status }) => status === 429);
      }
      expect(codeOf(limited)).to.equal('429 rate-limited');
      // curl keeps the headers of the challenge before those of the answer.
      expect(limited.headers).to.match(/^retry-after: 1\r/im);
      for (const answer of [full, limited]) validate('POST', '/pushes', answer);
    } finally {
      await small.close();
    }
  });

  it('answers 503 when the queue cannot be used', async () => {
    const broken = await InitiatorWorld.open();
    await broken.queue.close();
    try {
      const answer = await broken.asWeather('/pushes/1');
      validate('GET', '/pushes/1', answer);
      expect(codeOf(answer)).to.equal('503 queue-unavailable');
    } finally {
      await broken.close();
    }
  });

  it('was asked all that the document has', async () => {
    validate('GET', '/openapi.json', await world.curl('/openapi.json'));
    asked.add('POST /pap');
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...asked].sort()).to.deep.equal(described.sort());
  });
});
