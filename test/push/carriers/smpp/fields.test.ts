import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import type { SmppCarrier, SmppCarrierSettings } from '../../../../push/index.ts';
import { PerlSmsc } from '../../support/perl-smsc.ts';
import { SmppCapture } from '../../support/smpp-capture.ts';
import { smppCarrier, until } from '../../support/smpp-settings.ts';

const LONG = Buffer.from(Array.from({ length: 300 }, (_, index) => index & 0xff));

describe('push: short messages as tshark reads them', function () {
  this.timeout(60_000);

  let folder: string;
  let smsc: PerlSmsc;
  let capture: SmppCapture;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-smpp-'));
    smsc = await PerlSmsc.start();
    capture = await SmppCapture.start(join(folder, 'smpp.pcapng'), smsc.port);
    await withCarrier(
      { applicationCodes: new Map([['urn:gba', 7]]), enquireLinkMilliseconds: 100 },
      async (carrier) => {
        await deliver(carrier, Buffer.of(1, 2, 3), 'application/vnd.3gpp.gba.gpi', 'urn:gba');
        await smsc.line(/^enquire/);
      },
    );
    await withCarrier({ referenceBits: 8 }, (carrier) =>
      deliver(carrier, LONG, 'application/vnd.osgate.gba-push', 'loc.ua'),
    );
    await withCarrier({ referenceBits: 16 }, async (carrier) => {
      await smsc.order('receipts UNDELIV');
      await deliver(carrier, LONG, 'application/vnd.osgate.gba-push', 'loc.ua');
      await smsc.line(/^delivered/, 3);
    });
    await capture.stop();
  });

  after(async () => {
    capture.kill();
    await smsc.stop();
    await rm(folder, { recursive: true });
  });

  const withCarrier = async (
    settings: Partial<SmppCarrierSettings>,
    work: (carrier: SmppCarrier) => Promise<void>,
  ): Promise<void> => {
    const carrier = await smppCarrier(smsc.port, settings);
    await until(() => carrier.state === 'bound');
    await work(carrier);
    await carrier.close();
  };

  const deliver = async (
    carrier: SmppCarrier,
    octets: Buffer,
    contentType: string,
    applicationId: string,
  ): Promise<void> => {
    const recipient = { type: 'impu', value: 'tel:+491700000001' } as const;
    const { signal: answered } = new AbortController();
    const deliverBefore = Date.now() + 60_000;
    const result = await carrier.deliver({ recipient, octets, contentType, applicationId, deliverBefore, answered });
    expect(result.outcome).to.equal('sent');
  };

  it('has nothing malformed, and each command that we send or are sent', async () => {
    const wrong = await capture.fields('_ws.malformed || _ws.expert.severity >= 0x00800000', ['frame.number']);
    expect(wrong).to.deep.equal([]);
    const rows = await capture.fields('smpp', ['smpp.command_id']);
    const commands = new Set(rows.flat().flatMap((ids) => ids.split(',')));
    expect([...commands].sort()).to.deep.equal([
      ...['0x00000004', '0x00000005', '0x00000006', '0x00000009', '0x00000015'],
      ...['0x80000004', '0x80000005', '0x80000006', '0x80000009', '0x80000015'],
    ]);
  });

  it('is an SMPP submit_sm with a user data header, and in it a WSP push', async () => {
    const names = ['smpp.destination_addr', 'smpp.dest_addr_ton', 'smpp.dest_addr_npi', 'smpp.esm.submit.features'];
    const more = ['smpp.data_coding', 'smpp.regdel.receipt', 'gsm_sms.destination_port', 'gsm_sms.originator_port'];
    const push = ['wsp.pdu_type', 'wsp.header.content_type', 'wsp.header.x_wap_application_id', 'media.type'];
    const [row] = await capture.fields('smpp.command_id == 4', [...names, ...more, ...push]);
    expect(row).to.deep.equal([
      ...['491700000001', '0x01', '0x01', '0x01', '0x04', '0x02', '2948', '9200'],
      ...['0x06', 'application/vnd.3gpp.gba.gpi', 'x-wap-application:syncml.dm', '010203'],
    ]);
  });

  it('is a concatenation that tshark puts together, with references of 8 and of 16 bits', async () => {
    const parts = ['gsm_sms.udh.mm.msg_parts', 'gsm_sms.udh.mm.msg_part', 'wsp.header.content_type', 'media.type'];
    const rows = await capture.fields('smpp.command_id == 4 && gsm_sms.udh.mm.msg_parts', parts);
    const numbers = ['1', '2', '3'].map((part) => `3 ${part}`);
    expect(rows.map(([total, part]) => `${total} ${part}`)).to.deep.equal([...numbers, ...numbers]);
    for (const whole of [rows[2], rows[5]]) {
      expect(whole?.slice(2)).to.deep.equal(['application/vnd.osgate.gba-push', LONG.toString('hex')]);
    }
  });
});
