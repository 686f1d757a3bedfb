import { expect } from 'chai';

import { ALERT } from '../../../dtls/errors.ts';
import { plainRecord } from '../../../dtls/record/record-header.ts';
import { Pair, SERVER } from './pair.ts';

const SUITE = 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256';
const FATAL = plainRecord(21, 99, Buffer.from([2, ALERT.handshakeFailure]));
const CLOSE = plainRecord(21, 98, Buffer.from([1, ALERT.closeNotify]));

describe('dtls: alerts without protection during the handshake', () => {
  it('one of a stranger after every datagram does no harm to a handshake that goes on', () => {
    const running: { pair?: Pair } = {};
    const pair = new Pair({
      suite: SUITE,
      fate: (_datagram, toServer) => {
        running.pair?.scheduler.schedule(2, () => {
          for (const alert of [FATAL, CLOSE]) {
            if (!toServer) running.pair?.clientAssociation.receive(Buffer.from(alert), SERVER);
            else running.pair?.serverAssociations.at(-1)?.receive(Buffer.from(alert), running.pair.clientAddress);
          }
        });
        return [20];
      },
    });
    running.pair = pair;
    pair.run(5000);
    expect(pair.client.established).to.have.lengthOf(1);
    expect(pair.server.established).to.have.lengthOf(1);
    expect(pair.client.counters.unprotectedAlerts).to.be.greaterThan(0);
    expect(pair.server.counters.unprotectedAlerts).to.be.greaterThan(0);
    pair.scheduler.advance(10_000);
    expect([...pair.client.closed, ...pair.server.closed]).to.deep.equal([]);
  });

  it('ends the handshake when the peer is silent after it, long before the time-out', () => {
    const pair = new Pair({ suite: SUITE, fate: () => [] });
    pair.clientAssociation.start();
    pair.clientAssociation.receive(Buffer.from(FATAL), SERVER);
    pair.scheduler.advance(900);
    expect(pair.client.closed).to.deep.equal([]);
    pair.scheduler.advance(200);
    expect(pair.client.closed.map(([, reason]) => reason)).to.deep.equal(['peer-alert']);
    expect(pair.clientAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.handshakeFailure });
    expect(pair.budget.used).to.equal(0);
  });

  it('more of them do not put the end off', () => {
    const pair = new Pair({ suite: SUITE, fate: () => [] });
    pair.clientAssociation.start();
    for (let count = 0; count < 12; count++) {
      pair.clientAssociation.receive(Buffer.from(FATAL), SERVER);
      pair.scheduler.advance(100);
    }
    expect(pair.client.closed.map(([, reason]) => reason)).to.deep.equal(['peer-alert']);
  });
});
