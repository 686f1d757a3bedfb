import { z } from 'zod';

import { NafId, UaSecurityProtocolId } from '../gba/index.ts';
import type { BootstrappingInfo } from '../key-centre.ts';
import type { UserSecuritySetting } from '../subscribers/user-security-settings.ts';

/** A GAA service identifier. */
export const GSID = z.number().int().min(0).max(0xffff_ffff);

export const NAF_ID = z.object({
  nafFqdn: z.string().min(1).max(253),
  uaSecProtId: z.string().regex(/^[0-9A-Fa-f]{10}$/),
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

/** What the answers of both operations have. */
export const KEYS = z.object({
  meKeyMaterial: KEY,
  uiccKeyMaterial: KEY.optional(),
  keyExpiryTime: z.iso.datetime({ offset: true }),
  bootstrappingInfoCreationTime: z.iso.datetime({ offset: true }).optional(),
  ussList: z.array(z.object({ uss: USS })).default([]),
  gbaType: z.enum(['3G_GBA', '2G_GBA', 'GBA_DIGEST']).optional(),
  impi: z.string().max(1024).optional(),
});

export function formatKeys(info: BootstrappingInfo): z.input<typeof KEYS> {
  const { keys, expiresAt, createdAt, securitySettings, impi } = info;
  return {
    meKeyMaterial: keys.meKeyMaterial.toString('hex'),
    ...(keys.uiccKeyMaterial === undefined ? {} : { uiccKeyMaterial: keys.uiccKeyMaterial.toString('hex') }),
    keyExpiryTime: new Date(expiresAt).toISOString(),
    bootstrappingInfoCreationTime: new Date(createdAt).toISOString(),
    ...(securitySettings.length === 0 ? {} : { ussList: securitySettings.map((uss) => ({ uss: formatUss(uss) })) }),
    gbaType: '3G_GBA',
    ...(impi === undefined ? {} : { impi }),
  };
}

export function readKeys(data: z.output<typeof KEYS>): BootstrappingInfo {
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

export function formatNafId({ fqdn, protocol }: NafId): z.input<typeof NAF_ID> {
  return { nafFqdn: fqdn, uaSecProtId: protocol.hex };
}

/** Undefined for what is no NAF_Id. */
export function readNafId({ nafFqdn, uaSecProtId }: z.output<typeof NAF_ID>): NafId | undefined {
  const protocol = UaSecurityProtocolId.tryParse(uaSecProtId);
  if (protocol === undefined) return undefined;
  try {
    return new NafId(nafFqdn, protocol);
  } catch {
    // Not a domain name.
    return undefined;
  }
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
