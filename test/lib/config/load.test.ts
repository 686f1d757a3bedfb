import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, maskSecrets, parseConfig, requireSection } from '../../../lib/config/index.ts';
import { OsgateError } from '../../../lib/errors.ts';

const GATEWAY = `
gateway:
  keyCentre: { type: embedded }
  sec1:
    sip:
      - name: edge
        host: 127.0.0.1
        fqdn: gateway.example.net
        authenticators: [{ type: gba-digest }]
  sec3:
    sip:
      - { name: location, domains: ['*'], targets: ['sip:127.0.0.1:5070'] }
kmc:
  domain: kmc.example.net
  subscribers: { database: data/subscribers.sqlite, secretKey: { environment: OSGATE_SECRET_KEY } }
  ub: { host: 127.0.0.1, port: 8080 }
`;

const AGENT = `
agent:
  impi: 001010000000001@ims.example.net
  publicIdentity: sip:alice@example.net
  usim: { k: '465b5ce8b199b49faa5f0a2ee238a6bc', opc: 'cd63cb71954a9f4e48a5994e37a02baf' }
  ub: { url: 'http://127.0.0.1:8080/' }
  gateway: sip:127.0.0.1:5060
  gatewayFqdn: gateway.example.net
`;

describe('loading the configuration', () => {
  it('fills in every default', () => {
    const config = parseConfig(GATEWAY + AGENT, '/etc/osgate/osgate.yaml');
    const gateway = requireSection(config, 'gateway');
    const [listener] = gateway.sec1.sip;
    expect(config.log).to.deep.equal({ level: 'info', format: 'auto', requests: 'all' });
    expect(listener?.port).to.equal(5060);
    expect(listener?.realm).to.equal('3GPP-bootstrapping@gateway.example.net');
    expect(listener?.unauthenticatedMethods).to.deep.equal([]);
    expect(listener?.authenticators[0]).to.deep.include({
      type: 'gba-digest',
      uaSecurityProtocolId: '0300000003',
      algorithms: ['SHA-256', 'MD5'],
      challenge: 'proxy',
    });
    expect(config.kmc?.ub?.realm).to.equal('kmc.example.net');
    expect(config.kmc?.bootstrapping).to.deep.include({
      store: { type: 'memory' },
      keyLifetimeSeconds: 3600,
      tmpi: true,
    });
    expect(config.agent?.local).to.deep.equal({ host: '127.0.0.1', port: 0 });
  });

  it('resolves relative file names against the folder of the configuration file', () => {
    const config = parseConfig(GATEWAY, '/etc/osgate/osgate.yaml');
    expect(config.kmc?.subscribers.database).to.equal('/etc/osgate/data/subscribers.sqlite');
  });

  it('leaves absolute file names alone', () => {
    const config = parseConfig(GATEWAY.replace('data/', '/var/lib/'), '/etc/osgate/osgate.yaml');
    expect(config.kmc?.subscribers.database).to.equal('/var/lib/subscribers.sqlite');
  });

  it('freezes the configuration at every depth', () => {
    const config = parseConfig(GATEWAY, 'osgate.yaml');
    expect(config).to.be.frozen;
    expect(config.gateway?.sec1.sip[0]?.authenticators[0]).to.be.frozen;
    expect(config.gateway?.sec3.sip[0]?.targets).to.be.frozen;
  });

  it('takes an empty file as one of defaults', () => {
    expect(parseConfig('', 'osgate.yaml')).to.deep.equal({ log: { level: 'info', format: 'auto', requests: 'all' } });
  });

  it('loads a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-config-'));
    try {
      await writeFile(join(folder, 'osgate.yaml'), GATEWAY);
      const config = await loadConfig(join(folder, 'osgate.yaml'));
      expect(config.kmc?.subscribers.database).to.equal(join(folder, 'data/subscribers.sqlite'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the file that cannot be read, and why', async () => {
    const error = await loadConfig('/nowhere/osgate.yaml').catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(OsgateError);
    expect(error).to.have.property('code', 'OSGATE_CONFIG_UNREADABLE');
    expect(error).to.have.property('message', '/nowhere/osgate.yaml: cannot be read (ENOENT)');
  });

  it('requires a section by name', () => {
    expect(problemsOf(() => requireSection(parseConfig(AGENT, 'a.yaml'), 'gateway'))).to.deep.equal([
      'gateway: is missing, expected a section gateway in the configuration',
    ]);
  });
});

describe('errors of the configuration', () => {
  it('name file, line, key, what was found and what was expected', () => {
    expect(problemsIn(GATEWAY.replace('name: edge', 'name: edge\n        port: abc'))).to.deep.equal([
      'osgate.yaml:7: gateway.sec1.sip[0].port: found "abc", expected a number from 0 to 65535',
    ]);
  });

  it('are all listed at once', () => {
    const problems = problemsIn(GATEWAY.replace('127.0.0.1\n', '"a b"\n').replace('domain: kmc', 'domain: -kmc'));
    expect(problems).to.have.length(2);
    expect(problems.join('\n')).to.match(
      /gateway\.sec1\.sip\[0\]\.host: found "a b", expected an IP address or a host name/,
    );
    expect(problems.join('\n')).to.match(/kmc\.domain: found "-kmc.example.net", expected a domain name/);
  });

  it('name an unknown key and the one that was meant', () => {
    expect(problemsIn(GATEWAY.replace('name: edge', 'name: edge\n        prot: 5060'))).to.deep.equal([
      'osgate.yaml:7: gateway.sec1.sip[0].prot: is an unknown key, did you mean "port"?',
    ]);
  });

  it('list the known keys when an unknown one is like none of them', () => {
    expect(problemsIn('log: { colour: red }')).to.deep.equal([
      'osgate.yaml:1: log.colour: is an unknown key, known keys are level, format, requests',
    ]);
  });

  it('name a missing key and the line of the group it belongs in', () => {
    expect(problemsIn(GATEWAY.replace('        fqdn: gateway.example.net\n', ''))).to.deep.equal([
      'osgate.yaml:6: gateway.sec1.sip[0].fqdn: is missing, expected a domain name',
    ]);
  });

  it('name the choices of a type', () => {
    expect(problemsIn(GATEWAY.replace('type: gba-digest', 'type: basic'))).to.deep.equal([
      'osgate.yaml:9: gateway.sec1.sip[0].authenticators[0].type: found "basic", expected one of gba-digest, digest, push-digest, gba-psk, push-psk, psk, certificate, trusted',
    ]);
  });

  for (const { secret, text } of [
    { secret: 'a key that is too short', text: AGENT.replace('465b5ce8b199b49faa5f0a2ee238a6bc', '465b5ce8') },
    { secret: 'an OPc that is no hexadecimal', text: AGENT.replace('cd63cb71', 'secretly') },
    {
      secret: 'a key that YAML reads as a number',
      text: AGENT.replace(/'465b5[^']*'/, '46505123199049900500222380600000'),
    },
  ]) {
    it(`never show ${secret}`, () => {
      const [problem, ...more] = problemsIn(text);
      expect(more).to.be.empty;
      expect(problem).to.match(
        /^osgate\.yaml:5: agent\.usim\.(k|opc): found \[secret\], expected 32 hexadecimal digits in quotes$/,
      );
    });
  }

  it('never show a secret that stands where a group should', () => {
    const secret = '465b5ce8b199b49faa5f0a2ee238a6bc';
    const problems = problemsIn(GATEWAY.replace('{ environment: OSGATE_SECRET_KEY }', `'${secret}'`));
    expect(problems).to.have.length(1);
    expect(problems[0]).to.include('kmc.subscribers.secretKey: found [secret]').and.not.include(secret);
  });

  it('never quote the source of what is not YAML', () => {
    const error = errorOf(() => parseConfig("agent:\n  usim: { k: '465b5ce8b199b49f\n", 'osgate.yaml'));
    expect(error.code).to.equal('OSGATE_CONFIG_UNREADABLE');
    expect(error.message).to.match(/^osgate\.yaml:\d+: is not YAML/);
    expect(error.message).not.to.include('465b');
  });

  it('refuse aliases that multiply without bound', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level}, `.repeat(9)}]`,
    );
    const error = errorOf(() => parseConfig(['a0: &a0 [x]', ...levels].join('\n'), 'osgate.yaml'));
    expect(error.code).to.equal('OSGATE_CONFIG_UNREADABLE');
  });

  for (const { name, from, to, problem } of [
    {
      name: 'an embedded key centre without a kmc section',
      from: /kmc:[^]*/,
      to: '',
      problem:
        'gateway.keyCentre.type: found "embedded", expected a kmc section beside the gateway when the type is embedded',
    },
    {
      name: 'a target that sends from a listener that is not there',
      from: '{ name: location,',
      to: '{ name: location, listener: inside,',
      problem:
        'gateway.sec3.sip[0].listener: found "inside", expected the name of a listener in gateway.sec1.sip: edge',
    },
    {
      name: 'two listeners of one name',
      from: '  sec3:',
      to: '      - { name: edge, host: 127.0.0.1, port: 5061, fqdn: g.example.net, authenticators: [{ type: gba-digest }] }\n  sec3:',
      problem: 'gateway.sec1.sip[1].name: found "edge", expected a name that no other listener has',
    },
    {
      name: 'two listeners on one address and port',
      from: '  sec3:',
      to: '      - { name: b, host: 127.0.0.1, port: 5060, fqdn: g.example.net, authenticators: [{ type: gba-digest }] }\n  sec3:',
      problem: 'gateway.sec1.sip[1].port: found 5060, expected an address and port that no other listener has',
    },
    {
      name: 'both a file and a variable for the secret key',
      from: '{ environment: OSGATE_SECRET_KEY }',
      to: '{ environment: OSGATE_SECRET_KEY, file: key }',
      problem:
        'kmc.subscribers.secretKey: found a group of keys, expected either file or environment, and only one of them',
    },
    {
      name: 'a network with an impossible prefix',
      from: '{ type: gba-digest }',
      to: '{ type: trusted, peers: [10.0.0.0/33] }',
      problem:
        'gateway.sec1.sip[0].authenticators[0].peers[0]: found "10.0.0.0/33", expected an IP address or a network such as 10.0.0.0/8',
    },
    {
      name: 'a target that is no SIP address',
      from: 'sip:127.0.0.1:5070',
      to: 'sip:127.0.0.1:99999',
      problem:
        'gateway.sec3.sip[0].targets[0]: found "sip:127.0.0.1:99999", expected a SIP address such as sip:192.0.2.1:5060',
    },
    {
      name: 'a listener on every address that does not say which one peers reach',
      from: '        host: 127.0.0.1\n',
      to: '        host: 0.0.0.0\n',
      problem:
        'gateway.sec1.sip[0].advertised: is missing, expected the address that peers reach, since host is every address',
    },
    {
      name: 'a listener without authenticators (lesson 24: every method needs authentication)',
      from: '[{ type: gba-digest }]',
      to: '[]',
      problem: 'gateway.sec1.sip[0].authenticators: found an empty list, expected a list of authenticators',
    },
  ]) {
    it(`refuse ${name}`, () => {
      const problems = problemsIn(GATEWAY.replace(from, to)).map((line) => line.replace(/^osgate\.yaml:\d+: /, ''));
      expect(problems).to.deep.equal([problem]);
    });
  }
});

describe('masking a configuration', () => {
  it('hides every secret and nothing else', () => {
    const masked = JSON.stringify(maskSecrets(parseConfig(AGENT, 'osgate.yaml')));
    expect(masked).to.include('"k":"[secret]"').and.include('"opc":"[secret]"').and.include('sip:alice@example.net');
    expect(masked).not.to.include('465b5ce8').and.not.include('cd63cb71');
  });
});

function problemsIn(text: string): string[] {
  return problemsOf(() => parseConfig(text, '/etc/osgate/osgate.yaml'));
}

function problemsOf(attempt: () => unknown): string[] {
  const error = errorOf(attempt);
  expect(error.code).to.equal('OSGATE_CONFIG_INVALID');
  return error.message.split('\n');
}

function errorOf(attempt: () => unknown): OsgateError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof OsgateError) return error;
    throw error;
  }
  throw new TypeError('nothing was thrown');
}
