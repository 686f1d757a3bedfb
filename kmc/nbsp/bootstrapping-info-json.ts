import { z } from 'zod';

import type { BootstrappingInfo, BootstrappingInfoRequest } from '../key-centre.ts';
import { formatKeys, formatNafId, GSID, KEYS, NAF_ID, parseJson, readKeys, readNafId } from './nbsp-json.ts';

/** Where the operation is served (TS 29.309 5.2; apiRoot is the origin). */
export const BOOTSTRAPPING_INFO_PATH = '/nbsp-gba/v1/bootstrapping-info-retrieval';

const REQUEST = z.object({
  btId: z.string().min(1).max(512),
  nafId: NAF_ID,
  gbaUAware: z.boolean().default(false),
  gsIds: z.array(GSID).max(256).default([]),
});

/** The JSON of a request. */
export function formatBootstrappingInfoRequest(request: BootstrappingInfoRequest): string {
  const { btid, nafId, gsids, gbaUAware } = request;
  return JSON.stringify({ btId: btid, nafId: formatNafId(nafId), gbaUAware: gbaUAware ?? false, gsIds: gsids });
}

/** Undefined for what is not a request. */
export function parseBootstrappingInfoRequest(text: string): BootstrappingInfoRequest | undefined {
  const { data } = REQUEST.safeParse(parseJson(text));
  const nafId = data === undefined ? undefined : readNafId(data.nafId);
  if (data === undefined || nafId === undefined) return undefined;
  return { btid: data.btId, nafId, gsids: data.gsIds, gbaUAware: data.gbaUAware };
}

export function formatBootstrappingInfo(info: BootstrappingInfo): string {
  return JSON.stringify(formatKeys(info));
}

/** Undefined for what is not a response. */
export function parseBootstrappingInfo(text: string): BootstrappingInfo | undefined {
  const { data } = KEYS.safeParse(parseJson(text));
  return data === undefined ? undefined : readKeys(data);
}
