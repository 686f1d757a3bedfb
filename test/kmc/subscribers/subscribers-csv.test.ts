import { expect } from 'chai';
import fc from 'fast-check';
import { parseCsv } from '../../../kmc/subscribers/csv.ts';
import { formatCsvProblem, parseSubscribersCsv } from '../../../kmc/subscribers/index.ts';

const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OP = 'cdc202d5123e20f62b6d676ac72cb318';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';

describe('CSV', () => {
  it('is read as RFC 4180 says', () => {
    expect(fields('a,b\r\nc,d\r\n')).to.deep.equal([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(fields('"a,""b""\r\nc",d\n')).to.deep.equal([['a,"b"\r\nc', 'd']]);
    expect(fields('a,\n,b\n,')).to.deep.equal([
      ['a', ''],
      ['', 'b'],
      ['', ''],
    ]);
    expect(fields('\ufeffa\n\n\nb')).to.deep.equal([['a'], ['b']]);
    expect(fields('')).to.deep.equal([]);
  });

  it('counts lines over quoted line feeds', () => {
    const result = parseCsv('a\n"b\nb"\n\nc\n');
    expect(result.ok && result.records.map(({ line }) => line)).to.deep.equal([1, 2, 5]);
  });

  it('says where the quoting is wrong', () => {
    expect(parseCsv('a\n"b')).to.deep.equal({ ok: false, line: 2, reason: 'a quoted field does not end' });
    expect(parseCsv('a\nb"b"')).to.deep.include({ ok: false, line: 2 });
    expect(parseCsv('"a"b')).to.deep.include({ ok: false, line: 1 });
  });

  it('reads back whatever was quoted', () => {
    const row = fc.array(fc.string(), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
        const text = rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        expect(fields(text)).to.deep.equal(rows);
      }),
    );
  });
});

describe('CSV of subscribers', () => {
  it('gives subscribers, with defaults for what is not there', () => {
    const result = parseSubscribersCsv(
      `impi,impus,k,op,opc,amf,sqn\na@b,"sip:a@b tel:+491234",${K},${OP},,4321,0x20\nc@d,,${K},,${OPC},,\n`,
    );
    if (!result.ok) expect.fail(result.problems.map(formatCsvProblem).join('\n'));
    const [first, second] = result.subscribers;
    expect(first?.impus).to.deep.equal(['sip:a@b', 'tel:+491234']);
    expect(first?.opc?.toString('hex')).to.equal(OPC);
    expect(first?.amf?.toString('hex')).to.equal('4321');
    expect(first?.sqn).to.equal(32n);
    expect(second?.impus).to.deep.equal(['sip:c@d']);
    expect(second?.opc?.toString('hex')).to.equal(OPC);
    expect(second?.amf?.toString('hex')).to.equal('0000');
    expect(second?.sqn).to.equal(0n);
  });

  it('names line and column of every problem, and no secret', () => {
    const wrongKey = `${K.slice(0, -1)}g`;
    const text = [
      'impi,k,opc,amf,sqn',
      `a@b,${wrongKey},${OPC},,`,
      `c@d,${K},${OPC},8000,`,
      `e@f,${K},${OPC},,1234567890abc`,
      `g@h,${K},,,`,
      `,${K},${OPC},,`,
      `i@j,${K},${OPC}`,
      `k@l,${K},${OPC},,`,
      `k@l,${K},${OPC},,`,
    ].join('\n');
    expect(problems(text)).to.deep.equal([
      'line 2, column k: is not 32 hexadecimal digits',
      'line 3, column amf: has the separation bit (8000) set, which GBA vectors may not have',
      'line 4, column sqn: is not 1 to 12 hexadecimal digits',
      'line 5, column opc: is not 32 hexadecimal digits',
      'line 6, column impi: is missing',
      'line 7: has 3 fields, the header has 5',
      'line 9, column impi: is that of line 8 too',
    ]);
  });

  it('refuses a header that does not have what is needed', () => {
    expect(problems('')).to.deep.equal(['line 1: there is no header line']);
    expect(problems('impi,imsi,k,k\n')).to.deep.equal([
      'line 1, column imsi: is none of impi, impus, k, opc, op, amf, sqn, password',
      'line 1, column k: is there twice',
      'line 1, column opc: is missing',
    ]);
  });

  it('gives users with a password, with a card or without, and keeps the blanks of passwords', () => {
    const result = parseSubscribersCsv(
      `impi,impus,k,opc,password\ndesk,sip:desk@b,,," s3 cret "\na@b,,${K},${OPC},pass\nc@d,,${K},${OPC},\n`,
    );
    if (!result.ok) expect.fail(result.problems.map(formatCsvProblem).join('\n'));
    expect(
      result.subscribers.map(({ impi, k, password }) => [impi, k !== undefined, password?.toString('latin1')]),
    ).to.deep.equal([
      ['desk', false, ' s3 cret '],
      ['a@b', true, 'pass'],
      ['c@d', true, undefined],
    ]);
    const columns = parseSubscribersCsv('impi,password\na@b,p\n');
    expect(columns.ok && columns.subscribers[0]?.impus).to.deep.equal(['sip:a@b']);
  });

  it('says what is wrong with a password, and never which one it was', () => {
    const text = [
      'impi,impus,k,opc,sqn,password',
      'desk,,,,,secret',
      `a@b,,,,,se\u0001cret`,
      `c@d,,,,,${'secret'.repeat(22)}`,
      'a:b@c,,,,,secret',
      'e@f,,,,1,secret',
      `g@h,,${K},,,secret`,
      'i@j,,,,,',
    ].join('\n');
    expect(problems(text)).to.deep.equal([
      'line 2, column impus: is missing: a user name without a realm makes no public identity',
      'line 3, column password: has a control character',
      'line 4, column password: is not 1 to 128 octets',
      'line 5, column impi: has a colon, which nobody with a password may have in the name',
      'line 6, column sqn: cannot be given without k',
      'line 7, column opc: is not 32 hexadecimal digits',
      'line 8, column k: is not 32 hexadecimal digits',
    ]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseSubscribersCsv(`impi,k,opc\n${text}`);
        parseSubscribersCsv(text);
      }),
    );
  });
});

function fields(text: string): (readonly string[])[] {
  const result = parseCsv(text);
  return result.ok ? result.records.map((record) => record.fields) : expect.fail(result.reason);
}

function problems(text: string): string[] {
  const result = parseSubscribersCsv(text);
  return result.ok ? [] : result.problems.map(formatCsvProblem);
}
