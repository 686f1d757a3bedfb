import { count, flag, integer, milliseconds, section } from './values.ts';

/** `gateway.streams`: bounds on TCP connections. */
export function streams() {
  return section({
    maximumConnections: count().default(20_000).describe('Connections from peers at once, on each listener.'),
    maximumConnectionsPerAddress: count()
      .default(200)
      .describe('Connections from one address at once, on each listener; many agents may share one behind NAT.'),
    maximumOutgoingConnections: count()
      .default(2000)
      .describe('Connections that the gateway opened, on each listener.'),
    maximumHeaderBytes: integer(1024, 65_535)
      .default(32_768)
      .describe(
        'Octets from the start line of a message to the empty line; `limits.maximumMessageBytes` bounds it all.',
      ),
    maximumPendingBytes: integer(65_536, 1_073_741_824)
      .default(1_048_576)
      .describe('Octets that may wait on one connection for a peer that reads slowly; more messages are not sent.'),
    connectTimeoutMilliseconds: milliseconds()
      .default(2000)
      .describe('How long opening a connection may take, before the next target is tried.'),
    authenticationTimeoutSeconds: integer(1, 86_400)
      .default(30)
      .describe('How long a peer may keep a connection without a request that authentication lets in.'),
    messageTimeoutMilliseconds: milliseconds()
      .default(10_000)
      .describe(
        'How long a message may take from its first octet to its last, and a peer may take none of what waits for it.',
      ),
    idleTimeoutSeconds: integer(1, 86_400)
      .default(3600)
      .describe(
        'How long a connection may carry nothing, neither messages nor keepalives. Peers that are gone are found earlier, by the system.',
      ),
    deadPeerMilliseconds: milliseconds()
      .default(10_000)
      .describe('A peer that lets a transaction time out and was silent for that long loses its connection.'),
  });
}

/** `gateway.datagrams`: what UDP is used for, and how much may wait. */
export function datagrams() {
  return section({
    maximumRequestBytes: integer(512, 65_535)
      .default(1300)
      .describe('Requests of more octets go over TCP where the target takes it (RFC 3261 18.1.1).'),
    tcpRetrySeconds: integer(0, 86_400)
      .default(60)
      .describe('How long a target that refused TCP gets its large requests over UDP, before TCP is tried again.'),
    maximumPending: count()
      .default(16_384)
      .describe('Datagrams that may wait for room in the send buffer, on each listener; more are dropped.'),
    batches: flag()
      .default(true)
      .describe(
        'Reads and sends several datagrams with one system call. It takes Linux and the optional npm package koffi; without them datagrams go one by one.',
      ),
    gatherMicroseconds: integer(0, 10_000)
      .default(500)
      .describe(
        'How long datagrams may gather before they are read, where they come so densely that more are to be expected: it costs latency and saves CPU time. Without `batches` they never wait.',
      ),
  });
}
