import type { PapCode } from './pap-codes.ts';
import type { PapAnswer, PapResultNotification } from './pap-messages.ts';
import { attribute } from './pap-xml.ts';

export const PAP_CONTENT_TYPE = 'application/xml';

const DECLARATION =
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 2.1//EN" "http://www.openmobilealliance.org/tech/DTD/pap_2.1.dtd">\n';

/** The document that answers a request. */
export function writePapAnswer(answer: PapAnswer): string {
  return document(elementOf(answer));
}

/** The document that tells an initiator of the end of a push. */
export function writePapResultNotification(notification: PapResultNotification): string {
  const { pushId, address, receivedTime, eventTime, state, result, detail } = notification;
  return document(
    `<resultnotification-message${attribute('push-id', pushId)}${attribute('received-time', time(receivedTime))}` +
      `${attribute('event-time', time(eventTime))}${attribute('message-state', state)}${coded(result, detail)}>` +
      `${addressElements([address])}</resultnotification-message>`,
  );
}

function elementOf(answer: PapAnswer): string {
  switch (answer.kind) {
    case 'push': {
      const { pushId, replyTime, progress, result, detail } = answer;
      const note =
        progress === undefined
          ? ''
          : `<progress-note${attribute('stage', progress.stage)}${attribute('note', progress.note)}${attribute('time', time(progress.time))}/>`;
      return (
        `<push-response${attribute('push-id', pushId)}${attribute('reply-time', time(replyTime))}>` +
        `${note}<response-result${coded(result, detail)}/></push-response>`
      );
    }
    case 'cancel':
      return (
        `<cancel-response${attribute('push-id', answer.pushId)}><cancel-result${coded(answer.result)}>` +
        `${addressElements(answer.addresses)}</cancel-result></cancel-response>`
      );
    case 'status-query': {
      const { pushId, eventTime, state, result, addresses } = answer;
      const event = eventTime === undefined ? undefined : time(eventTime);
      return (
        `<statusquery-response${attribute('push-id', pushId)}><statusquery-result${attribute('event-time', event)}` +
        `${attribute('message-state', state ?? 'unknown')}${coded(result)}>` +
        `${addressElements(addresses)}</statusquery-result></statusquery-response>`
      );
    }
    case 'bad-message':
      return `<badmessage-response${coded(answer.result, answer.detail)}/>`;
  }
}

function document(message: string): string {
  return `${DECLARATION}<pap>${message}</pap>\n`;
}

function coded({ code, description }: PapCode, detail?: string): string {
  return attribute('code', code) + attribute('desc', detail === undefined ? description : `${description}: ${detail}`);
}

function addressElements(addresses: readonly string[]): string {
  return addresses.map((address) => `<address${attribute('address-value', address)}/>`).join('');
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
