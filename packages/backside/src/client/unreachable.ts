const UNKNOWN_AUTHORITY =
  'its certificate is not signed by an authority that is known here; name a file with that authority, or with the certificate itself, ' +
  'in NODE_EXTRA_CA_CERTS';

/** What codes of Node and of OpenSSL mean to somebody who has given a URL. */
const MEANINGS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on that port',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP on that port',
  'invalid-frame': 'it does not speak STOMP on that port',
};

/** The error of a connection that did not come about, with its URL. */
export function unreachable(url: string, cause: Error): Error {
  const meaning = MEANINGS[wrongVersionIn(cause) ?? ('code' in cause ? String(cause.code) : '')];
  // What the meaning stands for would be told again as its cause.
  return meaning === undefined
    ? new Error(`${url} cannot be used: ${cause.message}`, { cause })
    : new Error(`${url} cannot be used: ${meaning}`);
}

/** OpenSSL's code where a stream tells only that writing to it has failed. */
function wrongVersionIn({ message }: Error): string | null {
  return message.includes('wrong version number') ? 'ERR_SSL_WRONG_VERSION_NUMBER' : null;
}
