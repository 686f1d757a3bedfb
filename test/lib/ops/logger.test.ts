import { expect } from 'chai';
import { createLogger } from '../../../lib/ops/index.ts';

describe('the logger', () => {
  it('writes one JSON object a line with level, name and message', () => {
    const [line] = logged((logger) => {
      logger.info({ listener: 'edge' }, 'listening');
    });
    expect(line).to.deep.include({ level: 'info', name: 'gateway', listener: 'edge', msg: 'listening' });
  });

  it('leaves out what is below its level', () => {
    const lines = logged((logger) => {
      logger.debug('hidden');
      logger.warn('shown');
    });
    expect(lines.map(({ msg }) => msg)).to.deep.equal(['shown']);
  });

  for (const fields of [
    { k: 'SECRET', opc: 'SECRET', op: 'SECRET' },
    { subscriber: { k: 'SECRET' } },
    { keys: { ks: 'SECRET', ksNaf: 'SECRET' } },
    { request: { headers: { authorization: 'SECRET', 'proxy-authorization': 'SECRET' } } },
    { password: 'SECRET', ha1: 'SECRET' },
  ]) {
    it(`masks secrets: ${JSON.stringify(fields).replaceAll('SECRET', '')}`, () => {
      const text = JSON.stringify(
        logged((logger) => {
          logger.info(fields, 'fields');
        }),
      );
      expect(text).to.include('[secret]').and.not.include('SECRET');
    });
  }

  it('writes for people when asked to', () => {
    const chunks: string[] = [];
    const logger = createLogger({ level: 'info', format: 'pretty' }, 'kmc', {
      write: (chunk) => void chunks.push(chunk),
    });
    logger.info({ port: 5060 }, 'listening');
    expect(chunks.join(''))
      .to.match(/INFO.*kmc.*listening/)
      .and.include('port: 5060');
  });
});

type Logger = ReturnType<typeof createLogger>;

function logged(act: (logger: Logger) => void): Record<string, unknown>[] {
  const chunks: string[] = [];
  act(createLogger({ level: 'info', format: 'json' }, 'gateway', { write: (chunk) => void chunks.push(chunk) }));
  return chunks.map((chunk) => JSON.parse(chunk) as Record<string, unknown>);
}
