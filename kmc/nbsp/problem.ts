import { z } from 'zod';

import { KmcError, type KmcErrorCode } from '../errors.ts';
import { parseJson } from './nbsp-json.ts';

/** An answer that is an error. */
export interface Problem {
  readonly status: number;
  readonly body: string;
}

/**
 * The status and cause of each error (TS 29.500 5.2.7, TS 29.309), as Diameter would name it (TS 29.109 6.2). That a failed
 * resynchronisation has a cause of its own is ours.
 */
const PROBLEMS: readonly (readonly [code: KmcErrorCode, status: number, cause: string])[] = [
  ['OSGATE_KMC_NOT_AUTHORISED', 403, 'NOT_AUTHORIZED'],
  ['OSGATE_KMC_IDENTITY_UNKNOWN', 404, 'IDENTITY_UNKNOWN'],
  ['OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID', 404, 'TRANSACTION_IDENTIFIER_INVALID'],
  ['OSGATE_KMC_SYNCHRONISATION_FAILURE', 403, 'SYNCHRONISATION_FAILURE'],
  ['OSGATE_KMC_OVERLOADED', 429, 'NF_CONGESTION_RISK'],
  ['OSGATE_KMC_UNAVAILABLE', 503, 'NF_CONGESTION'],
];

const BODY = z.object({ cause: z.string(), detail: z.string().optional() });

/** ProblemDetails (RFC 9457, TS 29.571). */
export function formatProblem(status: number, cause: string, detail?: string): Problem {
  return { status, body: JSON.stringify({ status, cause, ...(detail === undefined ? {} : { detail }) }) };
}

/** Whatever is no error of a key centre is answered as congestion, and tells nothing more. */
export function problemOf(error: unknown): Problem {
  const known = error instanceof KmcError ? PROBLEMS.find(([code]) => code === error.code) : undefined;
  if (known === undefined) return formatProblem(503, 'NF_CONGESTION');
  const [, status, cause] = known;
  return formatProblem(status, cause, error instanceof Error ? error.message : undefined);
}

/** By its cause; by its status alone where the key centre gives no cause that is known. */
export function readProblem(status: number, body: string): KmcError {
  const { data } = BODY.safeParse(parseJson(body));
  const [code] =
    PROBLEMS.find(([, itsStatus, cause]) => itsStatus === status && cause === data?.cause) ??
    PROBLEMS.find(([, itsStatus]) => itsStatus === status) ??
    ([] as const);
  const detail = data?.detail === undefined ? '' : `: ${data.detail}`;
  return new KmcError(code ?? 'OSGATE_KMC_UNAVAILABLE', `the key centre answered ${status}${detail}`);
}
