import { type Commit, type PackedCommits, packCommits } from '@backside/protocol';

/** Commits of one database as they travel, from a participant to the relay and from there to the others, untouched. */
export interface PublishMessage {
  readonly kind: 'publish';
  readonly database: string;
  readonly commits: PackedCommits;
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
  return { kind: 'publish', database, commits: packCommits(commits) };
}
