import type { SessionFacts } from './peer.ts';
import { SUITES } from './suites.ts';

/**
 * Reads what the peers that are built here write of a session:
 * `ESTABLISHED suite=c02b resumed=0 ems=1 peer=name identity=... servername=...`, with a field left out where it is not known.
 */
export function reportedFacts(line: string): SessionFacts {
  const fields = new Map(
    line.split(' ').map((part): [string, string] => {
      const equals = part.indexOf('=');
      return [part.slice(0, equals), decodeURIComponent(part.slice(equals + 1))];
    }),
  );
  const code = Number.parseInt(fields.get('suite') ?? '', 16);
  return {
    suite: SUITES.find((suite) => suite.code === code)?.iana,
    resumed: flag(fields.get('resumed')),
    extendedMasterSecret: flag(fields.get('ems')),
    peerName: fields.get('peer'),
    pskIdentity: fields.get('identity'),
    serverName: fields.get('servername'),
  };
}

function flag(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value === '1';
}
