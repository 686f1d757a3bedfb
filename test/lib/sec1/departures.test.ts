import { expect } from 'chai';

import { Departures } from '../../../lib/sec1/index.ts';
import { fakeListener, silentTransport } from '../../support/fake-listener.ts';

describe('departures', () => {
  const udp4 = silentTransport('UDP');
  const tcp4 = silentTransport('TCP');
  const udp6 = silentTransport('UDP', '::1');
  const tcp6 = silentTransport('TCP', '::1');
  const agents4 = fakeListener('agents4', udp4, [tcp4]);
  const agents6 = fakeListener('agents6', udp6);
  const inside6 = fakeListener('inside6', tcp6);
  const departures = new Departures([agents4, inside6, agents6], ({ name }) => name.startsWith('inside'));

  it('are of the listener itself where it has the protocol and the address family', () => {
    expect(departures.find(agents4, '192.0.2.1', undefined)).to.equal(udp4);
    expect(departures.find(agents4, '192.0.2.1', 'TCP')).to.equal(tcp4);
  });

  it('are of another listener on the same side for the other address family', () => {
    expect(departures.find(agents4, '2001:db8::1', undefined)).to.equal(udp6);
    expect(departures.find(agents6, '192.0.2.1', 'TCP')).to.equal(tcp4);
  });

  it('never change sides, and may not be there', () => {
    expect(departures.find(agents4, '2001:db8::1', 'TCP'), 'only the inside has it').to.equal(undefined);
    expect(departures.find(inside6, '192.0.2.1', undefined)).to.equal(undefined);
    expect(departures.find(agents4, '192.0.2.1', 'WS')).to.equal(undefined);
  });
});
