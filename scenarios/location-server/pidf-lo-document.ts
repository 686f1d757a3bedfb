/** A position in WGS 84. */
export interface Position {
  /** Degrees, north positive. */
  readonly latitude: number;
  /** Degrees, east positive. */
  readonly longitude: number;
  /** Metres. */
  readonly radius: number;
}

/** A PIDF-LO document with one circle (RFC 3863, RFC 4119, RFC 5491 5.2.3). Children stand in the order of the schemas. */
export function pidfLoDocument(options: {
  entity: string;
  position: Position;
  at: Date;
  retentionSeconds: number;
}): string {
  const { entity, position, at, retentionSeconds } = options;
  const expiry = new Date(at.getTime() + retentionSeconds * 1000);
  return `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gbp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy" xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="${escapeXml(entity)}">
<tuple id="location"><status><gp:geopriv><gp:location-info><gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${position.latitude.toFixed(6)} ${position.longitude.toFixed(6)}</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">${position.radius.toFixed(1)}</gs:radius></gs:Circle></gp:location-info><gp:usage-rules><gbp:retransmission-allowed>false</gbp:retransmission-allowed><gbp:retention-expiry>${formatTime(expiry)}</gbp:retention-expiry></gp:usage-rules><gp:method>GPS</gp:method></gp:geopriv></status><timestamp>${formatTime(at)}</timestamp></tuple>
</presence>
`;
}

/** RFC 3339, UTC, whole seconds. */
function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
