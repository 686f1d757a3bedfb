/** OpenSSL's name of a cipher suite, from the one in IANA's registry. */
export function opensslName(standardName: string): string {
  const [keyExchange = '', cipher = ''] = standardName.replace(/^TLS_/, '').split('_WITH_');
  const words = cipher.replaceAll('AES_', 'AES').replaceAll('_', '-');
  return `${keyExchange.replaceAll('_', '-')}-${shortened(keyExchange, words)}`;
}

/** OpenSSL leaves off what follows from the rest: the hash of CCM and ChaCha20, and CBC beside a certificate. */
function shortened(keyExchange: string, words: string): string {
  if (words.includes('CCM')) return words.replace(/-SHA\d+$/, '').replace('CCM-8', 'CCM8');
  if (words.startsWith('CHACHA20')) return words.replace(/-SHA\d+$/, '');
  return keyExchange.endsWith('PSK') ? words : words.replace('-CBC', '');
}
