/** Response codes of the Push Access Protocol (OMA-TS-PAP 9.13, from general knowledge), those that osgate gives. */
export const PAP_CODES = {
  ok: { code: 1000, description: 'OK' },
  acceptedForProcessing: { code: 1001, description: 'Accepted for processing' },
  badRequest: { code: 2000, description: 'Bad request' },
  forbidden: { code: 2001, description: 'Forbidden' },
  addressError: { code: 2002, description: 'Address error' },
  addressNotFound: { code: 2003, description: 'Address not found' },
  pushIdNotFound: { code: 2004, description: 'Push ID not found' },
  duplicatePushId: { code: 2007, description: 'Duplicate push ID' },
  cancellationNotPossible: { code: 2008, description: 'Cancellation not possible' },
  internalServerError: { code: 3000, description: 'Internal server error' },
  notImplemented: { code: 3001, description: 'Not implemented' },
  capabilityMatchingNotSupported: { code: 3004, description: 'Capability matching not supported' },
  multipleAddressesNotSupported: { code: 3005, description: 'Multiple addresses not supported' },
  deliveryMethodNotPossible: { code: 3007, description: 'Specified delivery method not possible' },
  requiredNetworkNotAvailable: { code: 3009, description: 'Required network not available' },
  requiredBearerNotAvailable: { code: 3010, description: 'Required bearer not available' },
  serviceFailure: { code: 4000, description: 'Service failure' },
  serviceUnavailable: { code: 4001, description: 'Service unavailable' },
} as const;

export type PapCode = (typeof PAP_CODES)[keyof typeof PAP_CODES];
