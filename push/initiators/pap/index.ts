export { boundaryOf, parseMultipart, type BodyPart, type MultipartBounds } from './multipart.ts';
export { papAddressOf, recipientOfPapAddress } from './pap-address.ts';
export { PAP_CODES, type PapCode } from './pap-codes.ts';
export {
  papStateOf,
  type PapAnswer,
  type PapMessageState,
  type PapPushMessage,
  type PapRequest,
  type PapResultNotification,
} from './pap-messages.ts';
export { readPap, type PapReading } from './read-pap.ts';
export { PAP_CONTENT_TYPE, writePapAnswer, writePapResultNotification } from './write-pap.ts';
