import { expect } from 'chai';
import { OsgateError } from '../../../lib/errors.ts';
import { reportError } from '../../../lib/cli/report-error.ts';
import { KmcError } from '../../../kmc/errors.ts';
import { osgate } from '../../support/osgate.ts';

describe('the command line', () => {
  it('lists every command in its help', async () => {
    const { code, stdout } = await osgate('--help');
    expect(code).to.equal(0);
    for (const command of ['gateway', 'kmc', 'agent', 'push', 'subscriber', 'check'])
      expect(stdout).to.match(new RegExp(`^  ${command}`, 'm'));
    expect(stdout).to.include('Examples:');
  });

  for (const command of ['gateway', 'kmc', 'agent', 'push', 'subscriber', 'check']) {
    it(`has help for ${command}, with an example or its own commands`, async () => {
      const { code, stdout } = await osgate(command, '--help');
      expect(code).to.equal(0);
      expect(stdout)
        .to.match(/^Usage: osgate /)
        .and.match(/^(Examples?|Commands):/m);
    });
  }

  it('prints its version', async () => {
    const { code, stdout } = await osgate('--version');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('refuses an unknown command', async () => {
    const { code, stderr } = await osgate('gatewya');
    expect(code).to.equal(1);
    expect(stderr).to.include("unknown command 'gatewya'").and.include('Did you mean gateway?');
  });
});

describe('reporting an error', () => {
  const lines = (error: unknown): { code: number; written: string } => {
    let written = '';
    const code = reportError(error, (line) => (written += line));
    return { code, written };
  };

  it('is one line with the code, and exit code 1', () => {
    expect(lines(new KmcError('OSGATE_KMC_DATABASE', 'it is locked'))).to.deep.equal({
      code: 1,
      written: 'osgate: OSGATE_KMC_DATABASE: it is locked\n',
    });
  });

  it('is one line a problem for the configuration, and exit code 2', () => {
    expect(lines(new OsgateError('OSGATE_CONFIG_INVALID', 'a: b\nc: d'))).to.deep.equal({
      code: 2,
      written: 'osgate: OSGATE_CONFIG_INVALID: a: b\nosgate: OSGATE_CONFIG_INVALID: c: d\n',
    });
  });

  it('shows the code of an error of the system', () => {
    const error = Object.assign(new TypeError('bind EADDRINUSE 127.0.0.1:5060'), { code: 'EADDRINUSE' });
    expect(lines(error)).to.deep.equal({ code: 1, written: 'osgate: EADDRINUSE: bind EADDRINUSE 127.0.0.1:5060\n' });
  });

  it('shows the stack of what should not have happened', () => {
    const { code, written } = lines(new TypeError('x is not a function'));
    expect(code).to.equal(1);
    expect(written).to.match(/^osgate: unexpected error: TypeError: x is not a function\n +at /);
  });
});
