import { OsgateError } from '../errors.ts';
import type { Config } from './schema.ts';

/**
 * A section that a command cannot do without.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID when the configuration does not have it.
 */
export function requireSection<Name extends keyof Config>(config: Config, name: Name): NonNullable<Config[Name]> {
  const found = config[name];
  if (found === undefined) {
    throw new OsgateError(
      'OSGATE_CONFIG_INVALID',
      `${name}: is missing, expected a section ${name} in the configuration`,
    );
  }
  return found;
}
