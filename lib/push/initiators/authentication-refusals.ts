/** Why a request was not authenticated: what the initiator is told, and the label of the counter. */
export const AUTHENTICATION_REFUSALS = {
  'no-credentials': 'neither credentials nor a certificate came with the request',
  'malformed-credentials': 'the Authorization header cannot be read',
  'scheme-unsupported': 'Authorization uses a scheme that is not on offer',
  'token-wrong': 'no initiator has this bearer token',
  'digest-unsupported': 'Digest needs algorithm=SHA-256 and qop=auth, and the realm of the challenge',
  'digest-uri-mismatch': 'the uri of the Digest credentials is not the one of the request',
  'digest-wrong': 'the user name or the password is wrong',
  'digest-stale': 'the nonce is too old, or of another server',
  'digest-replay': 'the nonce was used with this count already',
  'digest-nonces-full': 'too many nonces are in use',
  'certificate-untrusted': 'the certificate is of no authority that is trusted, or is not valid now',
  'certificate-unknown': 'no initiator has a certificate with this dNSName',
} as const;

export type AuthenticationRefusal = keyof typeof AUTHENTICATION_REFUSALS;

/** Refusals that a challenge goes with answer 401. */
export function statusOfRefusal(reason: AuthenticationRefusal): 401 | 403 | 503 {
  switch (reason) {
    case 'digest-nonces-full':
      return 503;
    case 'certificate-unknown':
    case 'certificate-untrusted':
      return 403;
    default:
      return 401;
  }
}
