import { type Commit, decodeCommit } from '@backside/protocol';

/** Commits of one database as they travel, from a participant to the relay and from there to the others, untouched. */
export interface PublishMessage {
  readonly kind: 'publish';
  readonly database: string;
  /** The encodings of the commits, joined. */
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

/** What a participant tells the relay. */
export type ParticipantMessage =
  | PublishMessage
  /** Answered with `subscribed`, after which nothing published is missed. */
  | { readonly kind: 'subscribe'; readonly database: string; readonly id: number }
  | { readonly kind: 'unsubscribe'; readonly database: string };

/** What the relay tells a participant. */
export type RelayMessage = PublishMessage | { readonly kind: 'subscribed'; readonly id: number };

export function publishMessage(database: string, commits: readonly Commit[]): PublishMessage {
  const encoded = commits.map((commit) => commit.encoded());
  const lengths = encoded.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const one of encoded) {
    bytes.set(one, offset);
    offset += one.length;
  }
  return { kind: 'publish', database, bytes, lengths };
}

export function publishedCommits({ bytes, lengths }: PublishMessage): Commit[] {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return decodeCommit(bytes.subarray(end - length, end));
  });
}
