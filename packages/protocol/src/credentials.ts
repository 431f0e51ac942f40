/** What a client proves who it is with. With neither `login` nor `token` it asks to be nobody. */
export interface Credentials {
  readonly login?: string;
  readonly passcode?: string;
  readonly token?: string;
  /** The name of the database that it signs in to: each has users of its own. */
  readonly database: string;
  /** The address of the peer, or of the client behind a trusted proxy. */
  readonly remoteAddress: string;
}
