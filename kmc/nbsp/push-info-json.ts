import { z } from 'zod';

import type { PushInfo, PushInfoRequest } from '../push-info/index.ts';
import { formatKeys, formatNafId, GSID, KEYS, NAF_ID, parseJson, readKeys, readNafId } from './nbsp-json.ts';

/** Where the operation is served (TS 29.309 5.2; apiRoot is the origin). */
export const PUSH_INFO_PATH = '/nbsp-gba/v1/push-info-retrieval';

const MAXIMUM_LABEL_OCTETS = 16;

const REQUEST = z.object({
  ueId: z.string().min(1).max(1024),
  ueIdType: z.enum(['PRIVATE', 'PUBLIC']),
  // How an App_Lbl that is no text becomes a string is unconfirmed: hexadecimal digits, as for all other octets.
  uiccAppLabel: z
    .string()
    .regex(/^(?:[0-9A-Fa-f]{2})*$/)
    .max(2 * MAXIMUM_LABEL_OCTETS),
  nafId: NAF_ID,
  ptId: z
    .string()
    .min(1)
    .refine((ptid) => Buffer.byteLength(ptid) <= 255),
  uiccOrMe: z.enum(['GBA_ME', 'GBA_U']),
  requestedLifeTime: z.iso.datetime({ offset: true }),
  gsIds: z.array(GSID).max(256).default([]),
  auts: z
    .string()
    .regex(/^[0-9A-Fa-f]{28}$/)
    .optional(),
  rand: z
    .string()
    .regex(/^[0-9A-Fa-f]{32}$/)
    .optional(),
});

const RESPONSE = KEYS.extend({ gbaPushInfo: z.string().regex(/^(?:[0-9A-Fa-f]{2})+$/) });

/** The JSON of a request (TS 29.309 PushInfoRequest). */
export function formatPushInfoRequest(request: PushInfoRequest): string {
  const { resynchronisation } = request;
  return JSON.stringify({
    ueId: request.ueId,
    ueIdType: request.ueIdType === 'private' ? 'PRIVATE' : 'PUBLIC',
    uiccAppLabel: request.applicationLabel.toString('hex'),
    nafId: formatNafId(request.nafId),
    ptId: request.ptid,
    uiccOrMe: request.mode,
    requestedLifeTime: new Date(request.requestedExpiresAt).toISOString(),
    gsIds: request.gsids,
    ...(resynchronisation === undefined
      ? {}
      : { auts: resynchronisation.auts.toString('hex'), rand: resynchronisation.rand.toString('hex') }),
  });
}

/** Undefined for what is not a request; AUTS and RAND come together or not at all. */
export function parsePushInfoRequest(text: string): PushInfoRequest | undefined {
  const { data } = REQUEST.safeParse(parseJson(text));
  const nafId = data === undefined ? undefined : readNafId(data.nafId);
  if (data === undefined || nafId === undefined) return undefined;
  const { auts, rand } = data;
  if ((auts === undefined) !== (rand === undefined)) return undefined;
  return {
    ueId: data.ueId,
    ueIdType: data.ueIdType === 'PRIVATE' ? 'private' : 'public',
    applicationLabel: Buffer.from(data.uiccAppLabel, 'hex'),
    nafId,
    ptid: data.ptId,
    mode: data.uiccOrMe,
    requestedExpiresAt: Date.parse(data.requestedLifeTime),
    gsids: data.gsIds,
    ...(auts === undefined || rand === undefined
      ? {}
      : { resynchronisation: { auts: Buffer.from(auts, 'hex'), rand: Buffer.from(rand, 'hex') } }),
  };
}

export function formatPushInfo(info: PushInfo): string {
  return JSON.stringify({ ...formatKeys(info), gbaPushInfo: info.gpi.toString('hex') });
}

/** Undefined for what is not a response. */
export function parsePushInfo(text: string): PushInfo | undefined {
  const { data } = RESPONSE.safeParse(parseJson(text));
  return data === undefined ? undefined : { ...readKeys(data), gpi: Buffer.from(data.gbaPushInfo, 'hex') };
}
