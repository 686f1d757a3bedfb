/** Octets of the MESSAGE, body included. */
const MESSAGE_OCTETS = 500;

/** A MESSAGE of 500 octets, as an agent sends it with its credentials left out. */
export const MESSAGE = build(
  [
    'MESSAGE sip:bob@example.com SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds;rport',
    'Max-Forwards: 70',
    'From: "Alice" <sip:alice@example.com>;tag=1928301774',
    'To: <sip:bob@example.com>',
    'Call-ID: a84b4c76e66710@192.0.2.10',
    'CSeq: 314159 MESSAGE',
    'User-Agent: agent/1.0',
    'Content-Type: text/plain',
  ],
  (head) => 'x'.repeat(MESSAGE_OCTETS - head),
);

/** An INVITE with SDP of about a kilobyte, as it comes from a telephone through one proxy. */
export const INVITE = build(
  [
    'INVITE sip:bob@biloxi.example.com SIP/2.0',
    'Via: SIP/2.0/UDP proxy.atlanta.example.com:5060;branch=z9hG4bK2d4790.1',
    'Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK74bf9;received=192.0.2.10;rport=5060',
    'Record-Route: <sip:proxy.atlanta.example.com;lr>',
    'Max-Forwards: 69',
    'From: "Alice" <sip:alice@atlanta.example.com>;tag=9fxced76sl',
    'To: "Bob" <sip:bob@biloxi.example.com>',
    'Call-ID: 3848276298220188511@atlanta.example.com',
    'CSeq: 2 INVITE',
    'Contact: <sip:alice@192.0.2.10:5060;transport=udp>',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO',
    'Supported: replaces, timer, path, outbound',
    'Session-Expires: 1800',
    'User-Agent: telephone/4.2',
    'Content-Type: application/sdp',
  ],
  () =>
    [
      'v=0',
      'o=alice 2890844526 2890844526 IN IP4 192.0.2.10',
      's=-',
      'c=IN IP4 192.0.2.10',
      't=0 0',
      'm=audio 49172 RTP/AVP 0 8 101',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=sendrecv',
      '',
    ].join('\r\n'),
);

/** @param bodyOf gives the body, told how many octets the header has with a Content-Length of three digits */
function build(lines: readonly string[], bodyOf: (head: number) => string): Buffer {
  const head = `${lines.join('\r\n')}\r\nContent-Length: `;
  const body = bodyOf(head.length + '123\r\n\r\n'.length);
  return Buffer.from(`${head}${body.length}\r\n\r\n${body}`, 'latin1');
}
