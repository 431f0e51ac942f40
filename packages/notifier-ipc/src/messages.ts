import { type Commit, type PackedCommits, packCommits } from '@backside/protocol';

/** Commits of one database as they travel, from a participant to the relay and from there to the others, untouched. */
export interface PublishMessage {
  readonly kind: 'publish';
  readonly database: string;
  /** None if they did not fit. */
  readonly commits: PackedCommits;
  /** The newest revision that is told. */
  readonly head: number;
}

/** What a participant tells the relay. */
export type ParticipantMessage =
  | PublishMessage
  /** Answered with `subscribed`, after which nothing published is missed. */
  | { readonly kind: 'subscribe'; readonly database: string; readonly id: number }
  | { readonly kind: 'unsubscribe'; readonly database: string };

/** What the relay tells a participant. */
export type RelayMessage = PublishMessage | { readonly kind: 'subscribed'; readonly id: number };

/** There is at least one commit. */
export function publishMessage(database: string, commits: readonly Commit[]): PublishMessage {
  return { kind: 'publish', database, commits: packCommits(commits), head: commits.at(-1)!.revision };
}
