import { readFile } from 'node:fs/promises';

import { expect } from 'chai';

import { scenarioFile } from '../../../scenarios/support/sipp.ts';
import { withoutDigest } from '../../../scenarios/support/without-digest.ts';

async function stepsOf(name: string): Promise<string[]> {
  const scenario = withoutDigest(await readFile(scenarioFile(name), 'latin1'));
  expect(scenario, name).to.not.match(/auth="true"|\[field0\]/);
  return [...scenario.matchAll(/<recv (?:request|response)="(\w+)"|<!\[CDATA\[\s*(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

describe('SIPp scenarios without digest', () => {
  it('have no request that is only there to be challenged, and no ACK to a challenge', async () => {
    expect(await stepsOf('message')).to.deep.equal(['MESSAGE', '200']);
    expect(await stepsOf('invite')).to.deep.equal(['INVITE', '100', '180', '200', 'ACK', 'BYE', '200']);
    expect(await stepsOf('cancel')).to.deep.equal(['INVITE', '100', '180', 'CANCEL', '200', '487', 'ACK']);
    const subscribe = ['SUBSCRIBE', '200', 'NOTIFY', 'SIP/2.0', 'SUBSCRIBE', '200', 'NOTIFY', 'SIP/2.0'];
    expect(await stepsOf('subscribe')).to.deep.equal(subscribe);
  });
});
