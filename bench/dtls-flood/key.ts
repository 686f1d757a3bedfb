/** The pre-shared key of all clients of this bench. */
export const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
