import { createDtlsCounters, type DtlsCounters } from '../association/counters.ts';

/** What an endpoint counts besides its associations: one plain number a kind of event or drop. */
export interface EndpointCounters extends DtlsCounters {
  datagramsReceived: number;
  datagramsSent: number;
  octetsReceived: number;
  octetsSent: number;
  /** Application data that was refused because the send buffer had no room. */
  sendBufferFull: number;
  /** From addresses without an association, and no ClientHello. */
  strangeDatagrams: number;
  /** ClientHellos that are malformed, or come in fragments before their sender has proven its address. */
  malformedClientHellos: number;
  oversizedClientHellos: number;
  helloVerifyRequestsSent: number;
  /** ClientHellos that got no answer, because as many HelloVerifyRequests were sent in this second as may be. */
  helloVerifyRequestsLimited: number;
  /** ClientHellos with a cookie that was not made here, for them, or lately. */
  invalidCookies: number;
  /** ClientHellos of handshakes that run or have ended well already. */
  duplicateClientHellos: number;
  /** Handshakes that a later ClientHello of the same peer took the place of. */
  handshakesSuperseded: number;
  /** Handshakes that were not begun because as many run as may. */
  halfOpenRefused: number;
  /** The same for one address. */
  halfOpenPerAddressRefused: number;
  /** Handshakes that were not begun because there are as many associations as may be. */
  associationsRefused: number;
  /** Handshakes begun at an address that has an association. */
  challengesBegun: number;
  /** Associations that a new one of the same peer took the place of. */
  associationsReplaced: number;
  /** Records to connection identifiers that no worker gave out, or whose association has ended. */
  unknownConnectionIds: number;
  /** Associations without a connection identifier, because all of that length are in use. */
  connectionIdsUsedUp: number;
  /** Datagrams for another worker. */
  foreignConnectionIds: number;
  /** Associations that moved to an address that another one has. */
  addressesShared: number;
  pskLookUpsRefused: number;
  /** 'failure' events that were not emitted because there were too many. */
  failuresNotTold: number;
  associationsExported: number;
  /** Associations that were not exported, because MessagePack cannot carry the application's data of them. They go on here. */
  exportsRefused: number;
  associationsImported: number;
  /** Associations of an import that were expired, damaged, or of an address or connection identifier that is taken. */
  importsRefused: number;
}

export function createEndpointCounters(): EndpointCounters {
  return {
    ...createDtlsCounters(),
    datagramsReceived: 0,
    datagramsSent: 0,
    octetsReceived: 0,
    octetsSent: 0,
    sendBufferFull: 0,
    strangeDatagrams: 0,
    malformedClientHellos: 0,
    oversizedClientHellos: 0,
    helloVerifyRequestsSent: 0,
    helloVerifyRequestsLimited: 0,
    invalidCookies: 0,
    duplicateClientHellos: 0,
    handshakesSuperseded: 0,
    halfOpenRefused: 0,
    halfOpenPerAddressRefused: 0,
    associationsRefused: 0,
    challengesBegun: 0,
    associationsReplaced: 0,
    unknownConnectionIds: 0,
    connectionIdsUsedUp: 0,
    foreignConnectionIds: 0,
    addressesShared: 0,
    pskLookUpsRefused: 0,
    failuresNotTold: 0,
    associationsExported: 0,
    exportsRefused: 0,
    associationsImported: 0,
    importsRefused: 0,
  };
}
