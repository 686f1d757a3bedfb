import { writeFile } from 'node:fs/promises';

import { expect } from 'chai';

import { InitiatorWorld, multipart } from '../support/initiator-world.ts';

const ALICE = 'WAPPUSH=sip%3Aalice%40example.com/TYPE=USER@push.example.net';
const DOCTYPE =
  '<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 2.1//EN" "http://www.openmobilealliance.org/tech/DTD/pap_2.1.dtd">';

const pap = (message: string): string => `<?xml version="1.0"?>\n${DOCTYPE}\n<pap>${message}</pap>`;
const address = (value: string): string => `<address address-value="${value}"/>`;
const push = (id: string, { attributes = '', inner = address(ALICE) } = {}): string =>
  pap(`<push-message push-id="${id}" ${attributes}>${inner}</push-message>`);

describe('PAP over HTTP', () => {
  let world: InitiatorWorld;

  before(async () => {
    world = await InitiatorWorld.open();
  });

  after(async () => {
    await world.close();
  });

  /** Sends the control entity, with a content for pushes, and gives the code after xmllint has approved the answer. */
  async function ask(control: string, ...options: string[]): Promise<{ code: string; body: string }> {
    const content = { type: 'text/plain', body: 'hello', fields: 'X-Wap-Application-Id: x-app\r\n' };
    const chosen = options.length > 0 ? options : multipart({ type: 'application/xml', body: control }, content);
    const { status, headers, body } = await world.asWeather('/pap', ...chosen);
    expect(status, body).to.equal(202);
    expect(headers).to.match(/content-type: application\/xml/i);
    await world.validate(body);
    return { code: / code="(\d+)"/.exec(body)?.[1] ?? '', body };
  }

  const asXml = (control: string): string[] => ['-H', 'Content-Type: application/xml', '--data-binary', control];

  it('accepts a push with its content, application and times, on disk', async () => {
    const inner = `${address(ALICE)}<quality-of-service priority="high" delivery-method="confirmed"/>`;
    const { code, body } = await ask(push('full', { attributes: 'progress-notes-requested="true"', inner }));
    expect(code).to.equal('1001');
    expect(body).to.include('push-id="full"').and.include('<progress-note stage="accepted"');
    const [taken] = await world.queue.take(1);
    expect(taken?.message).to.deep.include({
      id: 'full',
      initiator: 'weather',
      recipient: { type: 'impu', value: 'sip:alice@example.com' },
      contentType: 'text/plain',
      applicationId: 'x-app',
      priority: 'high',
    });
    expect(taken?.message.content.toString()).to.equal('hello');
    await world.queue.settle(taken?.key ?? 0, 'delivered', { attempted: true });
  });

  it('tells what became of a push', async () => {
    const query = (id: string, inner = ''): Promise<{ code: string; body: string }> =>
      ask('', ...asXml(pap(`<statusquery-message push-id="${id}">${inner}</statusquery-message>`)));
    await ask(push('asked'));
    expect((await query('asked', address(ALICE))).body)
      .to.include('message-state="pending"')
      .and.include(ALICE);
    await world.settle('undeliverable', 'subscriber-unknown');
    const ended = await query('asked');
    expect(ended.code).to.equal('2003');
    expect(ended.body).to.include('message-state="undeliverable"').and.include('address-value="sip:alice@example.com"');
    expect((await query('nobody')).code).to.equal('2004');
    expect((await query('asked', address('sip:bob@example.com'))).code).to.equal('2003');
  });

  it('cancels a push that waits, and no other', async () => {
    const cancel = async (id: string, inner = ''): Promise<string> =>
      (await ask('', ...asXml(pap(`<cancel-message push-id="${id}">${inner}</cancel-message>`)))).code;
    await ask(push('cancelled'));
    expect(await cancel('cancelled', address('sip:bob@example.com'))).to.equal('2003');
    expect(await cancel('cancelled', address(ALICE))).to.equal('1000');
    expect(await cancel('cancelled')).to.equal('2008');
    expect(await cancel('nobody')).to.equal('2004');
  });

  it('replaces a push that waits; one that was delivered only where replace-method="all" says so', async () => {
    await ask(push('old'));
    expect((await ask(push('new', { attributes: 'replace-push-id="old"' }))).code).to.equal('1001');
    await world.settle('delivered');
    const pendingOnly = 'replace-push-id="new" replace-method="pending-only"';
    expect((await ask(push('newer', { attributes: pendingOnly }))).code).to.equal('2008');
    expect((await ask(push('newer', { attributes: 'replace-push-id="new"' }))).code).to.equal('1001');
    expect((await ask(push('newest', { attributes: 'replace-push-id="nobody"' }))).code).to.equal('2004');
    await world.settle('delivered');
  });

  const refusals: Record<string, [code: string, control: string]> = {
    'several addresses': ['3005', push('r', { inner: address(ALICE) + address('sip:bob@example.com') })],
    'an address that names no subscriber': ['2002', push('r', { inner: address('WAPPUSH=1/TYPE=IPv4@x') })],
    'a subscriber whom it may not push to': ['2001', push('r', { inner: address('sip:alice@example.org') })],
    'an unconfirmed delivery': [
      '3007',
      push('r', { inner: `${address(ALICE)}<quality-of-service delivery-method="unconfirmed"/>` }),
    ],
    'a network of its own': [
      '3009',
      push('r', { inner: `${address(ALICE)}<quality-of-service network-required="true" network="GSM"/>` }),
    ],
    'a bearer of its own': [
      '3010',
      push('r', { inner: `${address(ALICE)}<quality-of-service bearer-required="true" bearer="SMS"/>` }),
    ],
    'a time that is over': ['2000', push('r', { attributes: 'deliver-before-timestamp="2020-01-01T00:00:00Z"' })],
    'a notification to a stranger': [
      '2001',
      push('r', { attributes: 'ppg-notify-requested-to="https://evil.example/"' }),
    ],
    'the same id again': ['2007', push('full')],
    'ccq-message': ['3001', pap(`<ccq-message>${address(ALICE)}</ccq-message>`)],
    'what is no message of PAP': ['2000', pap('<push-it/>')],
    'what is no XML': ['2000', 'hello'],
  };
  for (const [what, [code, control]] of Object.entries(refusals)) {
    it(`refuses ${what} with ${code}`, async () => {
      const before = countOf(code);
      expect((await ask(control)).code).to.equal(code);
      expect(countOf(code)).to.equal(before + 1);
    });
  }

  const countOf = (code: string): number =>
    world.server.counters.requests.samples().find(({ labels }) => labels['outcome'] === code)?.value ?? 0;

  const XML = { type: 'application/xml', body: push('entities') };
  const entities: Record<string, [code: string, options: string[]]> = {
    'a push without content': ['2000', multipart(XML)],
    capabilities: [
      '3004',
      multipart(XML, { type: 'text/plain', body: 'x' }, { type: 'application/xml', body: '<r/>' }),
    ],
    'a content that is encoded': [
      '2000',
      multipart(XML, { type: 'text/plain', body: 'eA==', fields: 'Content-Transfer-Encoding: base64\r\n' }),
    ],
    'a control entity of another type': ['2000', multipart({ ...XML, type: 'text/html' }, XML)],
    'a content of no MIME type': ['2000', multipart(XML, { type: 'x', body: 'x' })],
    'an application that is none': [
      '2000',
      multipart(XML, { type: 'text/plain', body: 'x', fields: 'X-Wap-Application-Id: a b\r\n' }),
    ],
    'no boundary': ['2000', ['-H', 'Content-Type: multipart/related', '--data-binary', 'x']],
    'a body that is not multipart': ['2000', ['-H', 'Content-Type: multipart/related; boundary=x', '--data', 'x']],
    'another type': ['2000', ['-H', 'Content-Type: text/plain', '--data', 'x']],
    'no body': ['2000', ['-X', 'POST']],
    'Latin-1': ['2000', ['-H', 'Content-Type: application/xml', '--data-binary', '@latin1']],
  };
  for (const [what, [code, options]] of Object.entries(entities)) {
    it(`refuses ${what} with ${code}`, async () => {
      await writeFile(world.file('latin1'), Buffer.from(push('é'), 'latin1'));
      const chosen = options.map((option) => (option === '@latin1' ? `@${world.file('latin1')}` : option));
      expect((await ask('', ...chosen)).code).to.equal(code);
    });
  }

  it('answers in PAP too when nobody is authenticated, the body is too long, or its type is none', async () => {
    const stranger = await world.curl('/pap', ...asXml(push('x')));
    expect(stranger.status).to.equal(401);
    await world.validate(stranger.body);
    expect(stranger.body).to.include('code="2001"').and.include('no-credentials');
    await writeFile(world.file('long'), 'x'.repeat(300_000));
    const tooLong = await world.asWeather('/pap', ...asXml(`@${world.file('long')}`));
    expect(tooLong.status).to.equal(413);
    await world.validate(tooLong.body);
    const noType = await world.asWeather('/pap', '-H', 'Content-Type: nothing', '--data', 'x');
    await world.validate(noType.body);
  });

  it('answers 4001 when there is no room, and 503 when the queue cannot be used', async () => {
    const full = await InitiatorWorld.open({
      initiators: [
        { name: 'weather', token: { file: 'weather.token' }, recipients: ['*'], maximumOpenPushes: 1, burst: 3 },
      ],
    });
    const hand = (id: string) =>
      full.asWeather('/pap', ...multipart({ ...XML, body: push(id) }, { type: 'text/plain', body: 'x' }));
    try {
      expect((await hand('1')).body).to.include('code="1001"');
      expect((await hand('2')).body)
        .to.include('code="4001"')
        .and.include('initiator-full');
      await full.queue.close();
      const failed = await hand('3');
      expect(failed.status).to.equal(503);
      expect(failed.body).to.include('code="4000"');
      await world.validate(failed.body);
    } finally {
      await full.close();
    }
  });
});
