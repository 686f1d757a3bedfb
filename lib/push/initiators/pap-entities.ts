import { boundaryOf, PAP_CODES, parseMultipart, type BodyPart, type PapCode } from '../../../push/index.ts';
import { mediaTypeOf } from '../media-type.ts';

/** The entities of a request (OMA-TS-PAP 8): the control entity, and what a push carries. */
export type PapEntities =
  | { readonly ok: true; readonly control: string; readonly content?: PapContent }
  | { readonly ok: false; readonly result: PapCode; readonly detail: string };

export interface PapContent {
  readonly contentType: string;
  readonly content: Buffer;
  /** X-Wap-Application-Id. */
  readonly applicationId?: string;
}

/** A third entity would be the capabilities that the content asks of the agent. */
const BOUNDS = { maximumParts: 3, maximumFieldOctets: 4096 };

/** @param contentType of the request */
export function readPapEntities(contentType: string, body: Buffer): PapEntities {
  if (isXml(contentType)) return withControl(body);
  if (mediaTypeOf(contentType) !== 'multipart/related') {
    return bad('the request is neither multipart/related nor application/xml');
  }
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return bad('multipart/related has no boundary, or one that is none');
  const parts = parseMultipart(body, boundary, BOUNDS);
  if (parts === undefined) return bad('the body is not multipart, or has more than three entities');
  const [control, content, capabilities] = parts;
  if (control === undefined || !isXml(control.fields.get('content-type') ?? '')) {
    return bad('the first entity is not application/xml');
  }
  if (capabilities !== undefined) {
    return {
      ok: false,
      result: PAP_CODES.capabilityMatchingNotSupported,
      detail: 'a third entity is not understood',
    };
  }
  if (content === undefined) return withControl(control.content);
  const contentProblem = problemOf(content);
  if (contentProblem !== undefined) return bad(contentProblem);
  const applicationId = content.fields.get('x-wap-application-id');
  return withControl(control.content, {
    contentType: content.fields.get('content-type') ?? '',
    content: content.content,
    ...(applicationId === undefined ? {} : { applicationId }),
  });
}

function problemOf({ fields }: BodyPart): string | undefined {
  if (!fields.has('content-type')) return 'the content has no Content-Type';
  const encoding = (fields.get('content-transfer-encoding') ?? 'binary').toLowerCase();
  // HTTP has no use for the others (RFC 7231 appendix A.5).
  return ['binary', '8bit', '7bit'].includes(encoding)
    ? undefined
    : `Content-Transfer-Encoding ${encoding} is not read`;
}

function withControl(octets: Buffer, content?: PapContent): PapEntities {
  try {
    const control = new TextDecoder('utf-8', { fatal: true }).decode(octets);
    return { ok: true, control, ...(content === undefined ? {} : { content }) };
  } catch {
    return bad('the control entity is not UTF-8');
  }
}

function isXml(contentType: string): boolean {
  const type = mediaTypeOf(contentType);
  return type === 'application/xml' || type === 'text/xml';
}

function bad(detail: string): PapEntities {
  return { ok: false, result: PAP_CODES.badRequest, detail };
}
