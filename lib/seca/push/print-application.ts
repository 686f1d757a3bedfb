import type { PushApplication, PushContent } from '../../../push/index.ts';

export interface PrintOptions {
  /** One JSON object a line. */
  readonly json: boolean;
  /** Resolves once the text is out of the process. */
  readonly write: (text: string) => Promise<void>;
}

/** Prints each push. It is delivered once its text is out of the process; when that fails, it is to be tried again. */
export function printApplication({ json, write }: PrintOptions): PushApplication {
  return async (content, gateway) => {
    await write(json ? `${JSON.stringify(record(content, gateway))}\n` : text(content, gateway));
    return 'delivered';
  };
}

/** What is in a push, for programs: `content` is text, `contentBase64` octets. */
export function record(push: PushContent, gateway: string): object {
  const { id, type: contentType, applicationId: application, messageClass } = push;
  const plain = readableText(push);
  return {
    id,
    contentType,
    ...(application === undefined ? {} : { application }),
    ...(messageClass === undefined ? {} : { messageClass }),
    gateway,
    ...(plain === undefined ? { contentBase64: push.content.toString('base64') } : { content: plain }),
  };
}

function text(push: PushContent, gateway: string): string {
  const { id, type, applicationId, messageClass } = push;
  const plain = readableText(push);
  const facts = [
    visible(id),
    visible(type),
    ...(applicationId === undefined ? [] : [visible(applicationId)]),
    ...(messageClass === undefined ? [] : [messageClass]),
  ];
  const encoding = plain === undefined ? ' (base64)' : '';
  return `${facts.join(' ')} from ${visible(gateway)}${encoding}\n${plain ?? push.content.toString('base64')}\n`;
}

/** A content that a terminal can show: UTF-8 without control characters, unless its type says another character set. */
function readableText({ type, content }: PushContent): string | undefined {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(type)?.[1]?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'us-ascii') return undefined;
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    return CONTROL.test(decoded) ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/** Characters that could change what a terminal shows; tab and line breaks are none. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;

/** A fact of the gateway's on one line. */
function visible(value: string): string {
  return value.replace(/[\p{Cc}\s]/gu, '?');
}
