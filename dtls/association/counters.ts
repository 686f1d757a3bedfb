/**
 * What associations count, one plain number a kind of event or drop, shared by all associations of an endpoint. Nothing
 * that a peer sends is answered with an exception: what is not counted as accepted is counted here.
 */
export interface DtlsCounters {
  /** Handshakes begun: as a server, ClientHellos whose cookie was right. */
  handshakesStarted: number;
  handshakesCompleted: number;
  /** Of those completed, the ones that resumed a session. */
  handshakesResumed: number;
  /** Handshakes that ended badly, time-outs among them. */
  handshakesFailed: number;
  handshakeTimeouts: number;
  pskLookUps: number;
  /** PSK identities that the look-up did not know; the handshake went on with a random key. */
  pskUnknownIdentities: number;
  /** PSK look-ups that threw or rejected; the handshake went on as with an unknown identity. */
  pskLookUpsFailed: number;
  /** PSK look-ups that gave something that is no key; the handshake ended with internal_error. */
  pskUnusableKeys: number;
  /** Handshakes that ended with internal_error because something of the application's threw: a certificate check, say. */
  handshakeExceptions: number;
  renegotiationsRefused: number;
  ticketsIssued: number;
  /** Tickets and session identifiers that could not be resumed (unknown, expired, other suite). */
  resumptionsRefused: number;
  /** Records that are no records: cut short, unknown type or version. */
  malformedRecords: number;
  /** Records of an epoch that has no keys (any more), or whose connection identifier is not ours. */
  unknownEpochRecords: number;
  replayedRecords: number;
  /** Records that did not authenticate. */
  undecryptableRecords: number;
  /** Records with more in them than we have allowed the peer (RFC 8449 4). */
  oversizedRecords: number;
  /** Application data without protection: never accepted. */
  epochZeroApplicationData: number;
  /** Alerts without protection after the handshake, which anybody could have sent. */
  epochZeroAlertsIgnored: number;
  /** Alerts without protection that said that a handshake is over, and were only believed after silence. */
  unprotectedAlerts: number;
  /** Handshake records without protection after the handshake. */
  epochZeroHandshakeIgnored: number;
  /** Application data that the handshake had not yet allowed, or that came after close_notify. */
  untimelyApplicationData: number;
  /** Authenticated records of a type that means nothing here (heartbeat, say). */
  unknownContentTypes: number;
  /** Datagrams that were not kept because as many early ones wait already. */
  earlyRecordsRefused: number;
  malformedHandshakeMessages: number;
  /** Handshake messages above the allowed size. */
  oversizedHandshakeMessages: number;
  /** Fragments that were refused because their message has too many already, or because of contradictory totals. */
  fragmentsRefused: number;
  /** Fragments of messages too far ahead. */
  futureMessagesRefused: number;
  /** Fragments that were refused because one handshake holds all the memory that it may. */
  handshakeMemoryRefused: number;
  /** Fragments, messages and flights that were refused because half-open handshakes hold all the memory that they may. */
  halfOpenMemoryRefused: number;
  /** Flights sent again because a timer ran out. */
  retransmissions: number;
  /** Flights sent again because the peer repeated its own. */
  retransmissionsForDuplicates: number;
  /** Repeated flights of the peer that were not answered because of the cap. */
  duplicatesUnanswered: number;
  /** Flights cut into smaller datagrams after repeated time-outs. */
  pathMtuBackOffs: number;
  alertsSent: number;
  alertsReceived: number;
  /** Data that send() did not take: too large, or the association is not established. */
  sendsRefused: number;
  idleExpirations: number;
  keyExpirations: number;
  /** Associations ended because a key has protected or refused as many records as it may. */
  usageLimitsReached: number;
  /** Associations that had to let their KeyObjects go because as many hold some as may; they make new ones. */
  recordKeysReleased: number;
  /** Changes of the peer's address. */
  peersMoved: number;
  /** Datagrams that were not sent, because the peer has moved and its new address is not proven yet. */
  unprovenAddressRefused: number;
  pathChallengesSent: number;
  pathChallengesAnswered: number;
  /** Return routability checks that ended without a right answer. */
  pathChecksFailed: number;
}

export function createDtlsCounters(): DtlsCounters {
  return {
    handshakesStarted: 0,
    handshakesCompleted: 0,
    handshakesResumed: 0,
    handshakesFailed: 0,
    handshakeTimeouts: 0,
    pskLookUps: 0,
    pskUnknownIdentities: 0,
    pskLookUpsFailed: 0,
    pskUnusableKeys: 0,
    handshakeExceptions: 0,
    renegotiationsRefused: 0,
    ticketsIssued: 0,
    resumptionsRefused: 0,
    malformedRecords: 0,
    unknownEpochRecords: 0,
    replayedRecords: 0,
    undecryptableRecords: 0,
    oversizedRecords: 0,
    epochZeroApplicationData: 0,
    epochZeroAlertsIgnored: 0,
    unprotectedAlerts: 0,
    epochZeroHandshakeIgnored: 0,
    untimelyApplicationData: 0,
    unknownContentTypes: 0,
    earlyRecordsRefused: 0,
    malformedHandshakeMessages: 0,
    oversizedHandshakeMessages: 0,
    fragmentsRefused: 0,
    futureMessagesRefused: 0,
    handshakeMemoryRefused: 0,
    halfOpenMemoryRefused: 0,
    retransmissions: 0,
    retransmissionsForDuplicates: 0,
    duplicatesUnanswered: 0,
    pathMtuBackOffs: 0,
    alertsSent: 0,
    alertsReceived: 0,
    sendsRefused: 0,
    idleExpirations: 0,
    keyExpirations: 0,
    usageLimitsReached: 0,
    recordKeysReleased: 0,
    peersMoved: 0,
    unprovenAddressRefused: 0,
    pathChallengesSent: 0,
    pathChallengesAnswered: 0,
    pathChecksFailed: 0,
  };
}
