import { expect } from 'chai';
import fc from 'fast-check';

import { parsePidfLo } from '../../../lib/seca/index.ts';

const POINT = `<?xml version="1.0"?>
<p:presence xmlns:p="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" entity="pres:a@b">
<dm:device id="x"><gp:geopriv><gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-43.5723 153.21760</gml:pos></gml:Point></gp:location-info><gp:usage-rules/></gp:geopriv><dm:timestamp>2007-06-22T20:57:29Z</dm:timestamp></dm:device>
</p:presence>`;

describe('PIDF-LO', () => {
  it('gives the point of a device, whatever the prefixes', () => {
    expect(parsePidfLo(POINT)).to.deep.equal([
      { entity: 'pres:a@b', latitude: -43.5723, longitude: 153.2176, timestamp: '2007-06-22T20:57:29Z' },
    ]);
  });

  it('gives nothing for positions that are none, other documents and no document', () => {
    for (const document of [
      POINT.replace('-43.5723', '91'),
      POINT.replace('153.21760', ''),
      POINT.replaceAll('Point', 'Prism'),
      '<a/>',
      '',
      '<',
      '{}',
    ]) {
      expect(parsePidfLo(document)).to.deep.equal([]);
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.nat(POINT.length), (text, at) => {
        parsePidfLo(POINT.slice(0, at) + text + POINT.slice(at));
      }),
      { numRuns: 500 },
    );
  });
});
