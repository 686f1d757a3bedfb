import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NafId, UaSecurityProtocolId } from '../../kmc/gba/index.ts';
import { nafPassword, SoftwareUsim, UbClient } from '../../lib/seca/index.ts';
import { GATEWAY_FQDN, type System } from './system.ts';
import type { ScenarioSubscriber } from './subscribers.ts';

/** The agents of a run, and the file that tells SIPp of them. */
export interface AgentsCsv {
  readonly path: string;
  readonly agents: readonly { readonly username: string; readonly password: string; readonly impu: string }[];
}

/** Bootstraps every subscriber through the real Ub and writes what SIPp needs of them: right and wrong credentials, IMPU. */
export async function writeAgentsCsv(system: System, subscribers: readonly ScenarioSubscriber[]): Promise<AgentsCsv> {
  const nafId = new NafId(GATEWAY_FQDN, UaSecurityProtocolId.LOCSIP);
  const lines = ['SEQUENTIAL'];
  const agents: AgentsCsv['agents'][number][] = [];
  for (const { impi, impu, k, opc } of subscribers) {
    const uicc = new SoftwareUsim({ k: Buffer.from(k, 'hex'), opc: Buffer.from(opc, 'hex') });
    const client = new UbClient({ url: system.ubUrl, impi, uicc, timeoutMilliseconds: 10_000 });
    let keys = await client.bootstrap();
    // SIPp takes what begins with 0x for hexadecimal, and base64 begins so once in 4,096 times.
    while ([keys.btid, nafPassword(keys, nafId)].some((text) => /^0x/i.test(text))) keys = await client.bootstrap();
    // SIPp takes [authentication] from a field whole, but no fields inside it.
    const authentication = (secret: string): string => `[authentication username=${keys.btid} password=${secret}]`;
    const password = nafPassword(keys, nafId);
    agents.push({ username: keys.btid, password, impu });
    lines.push([authentication(password), authentication('wrong'), impu].join(';'));
  }
  const path = join(system.folder, 'agents.csv');
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return { path, agents };
}
