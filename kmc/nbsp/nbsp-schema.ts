import { z } from 'zod';

import { NafId, UaSecurityProtocolId } from '../gba/index.ts';
import type { BootstrappingInfo, BootstrappingInfoRequest } from '../key-centre.ts';
import type { UserSecuritySetting } from '../subscribers/user-security-settings.ts';

/** Where the operation is served (TS 29.309 5.2; apiRoot is the origin). */
export const BOOTSTRAPPING_INFO_PATH = '/nbsp-gba/v1/bootstrapping-info-retrieval';

const GSID = z.number().int().min(0).max(0xffff_ffff);

const REQUEST = z.object({
  btId: z.string().min(1).max(512),
  nafId: z.object({ nafFqdn: z.string().min(1).max(253), uaSecProtId: z.string().regex(/^[0-9A-Fa-f]{10}$/) }),
  gbaUAware: z.boolean().default(false),
  gsIds: z.array(GSID).max(256).default([]),
});

const USS = z.object({
  gsId: GSID,
  gsType: z.number().int(),
  ueIds: z.array(z.object({ ueId: z.string().max(1024) })).max(256),
  nafGroup: z.string().optional(),
  flags: z.array(z.object({ flag: z.number().int() })).default([]),
  keyChoice: z.enum(['ME_BASED_KEY', 'UICC_BASED_KEY', 'ME_UICC_BASED_KEYS']).optional(),
});

const KEY = z.string().regex(/^[0-9A-Fa-f]{64}$/);

const RESPONSE = z.object({
  meKeyMaterial: KEY,
  uiccKeyMaterial: KEY.optional(),
  keyExpiryTime: z.iso.datetime({ offset: true }),
  bootstrappingInfoCreationTime: z.iso.datetime({ offset: true }).optional(),
  ussList: z.array(z.object({ uss: USS })).default([]),
  gbaType: z.enum(['3G_GBA', '2G_GBA', 'GBA_DIGEST']).optional(),
  impi: z.string().max(1024).optional(),
});

/** The JSON of a request. */
export function formatRequest(request: BootstrappingInfoRequest): string {
  const { btid, nafId, gsids, gbaUAware } = request;
  return JSON.stringify({
    btId: btid,
    nafId: { nafFqdn: nafId.fqdn, uaSecProtId: nafId.protocol.hex },
    gbaUAware: gbaUAware ?? false,
    gsIds: gsids,
  });
}

/** Undefined for what is not a request. */
export function parseRequest(text: string): BootstrappingInfoRequest | undefined {
  const { data } = REQUEST.safeParse(parseJson(text));
  const protocol = data === undefined ? undefined : UaSecurityProtocolId.tryParse(data.nafId.uaSecProtId);
  if (data === undefined || protocol === undefined) return undefined;
  try {
    const nafId = new NafId(data.nafId.nafFqdn, protocol);
    return { btid: data.btId, nafId, gsids: data.gsIds, gbaUAware: data.gbaUAware };
  } catch {
    // Not a domain name.
    return undefined;
  }
}

export function formatResponse(info: BootstrappingInfo): string {
  const { keys, expiresAt, createdAt, securitySettings, impi } = info;
  return JSON.stringify({
    meKeyMaterial: keys.meKeyMaterial.toString('hex'),
    ...(keys.uiccKeyMaterial === undefined ? {} : { uiccKeyMaterial: keys.uiccKeyMaterial.toString('hex') }),
    keyExpiryTime: new Date(expiresAt).toISOString(),
    bootstrappingInfoCreationTime: new Date(createdAt).toISOString(),
    ...(securitySettings.length === 0 ? {} : { ussList: securitySettings.map((uss) => ({ uss: formatUss(uss) })) }),
    gbaType: '3G_GBA',
    ...(impi === undefined ? {} : { impi }),
  });
}

/** Undefined for what is not a response. */
export function parseResponse(text: string): BootstrappingInfo | undefined {
  const { data } = RESPONSE.safeParse(parseJson(text));
  if (data === undefined) return undefined;
  const expiresAt = Date.parse(data.keyExpiryTime);
  const created = data.bootstrappingInfoCreationTime;
  return {
    keys: {
      meKeyMaterial: Buffer.from(data.meKeyMaterial, 'hex'),
      ...(data.uiccKeyMaterial === undefined ? {} : { uiccKeyMaterial: Buffer.from(data.uiccKeyMaterial, 'hex') }),
    },
    ...(data.impi === undefined ? {} : { impi: data.impi }),
    expiresAt,
    createdAt: created === undefined ? expiresAt : Date.parse(created),
    securitySettings: data.ussList.map(({ uss }) => readUss(uss)),
  };
}

function formatUss(uss: UserSecuritySetting): z.input<typeof USS> {
  return {
    gsId: uss.gsid,
    gsType: uss.type,
    ueIds: uss.uids.map((ueId) => ({ ueId })),
    ...(uss.nafGroup === undefined ? {} : { nafGroup: uss.nafGroup }),
    flags: uss.flags.map((flag) => ({ flag })),
    ...(uss.keyChoice === undefined ? {} : { keyChoice: uss.keyChoice }),
  };
}

function readUss(uss: z.output<typeof USS>): UserSecuritySetting {
  return {
    gsid: uss.gsId,
    type: uss.gsType,
    uids: uss.ueIds.map(({ ueId }) => ueId),
    ...(uss.nafGroup === undefined ? {} : { nafGroup: uss.nafGroup }),
    flags: uss.flags.map(({ flag }) => flag),
    ...(uss.keyChoice === undefined ? {} : { keyChoice: uss.keyChoice }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
