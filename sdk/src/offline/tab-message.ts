import type { ListenTarget, ServerEvent, Status, UserInfo } from '../link/connection.js';
import type { WireAck, WireWrite } from '../link/write.js';

/** Part of every name that tabs meet under: tabs that speak another version do not meet. */
export const TAB_PROTOCOL = 1;

/** A member of the group to its leader. Numbers are the member's own. */
export type ToLeader =
  | { readonly kind: 'join'; readonly hasToken: boolean }
  | { readonly kind: 'leave' }
  | { readonly kind: 'listen'; readonly id: number; readonly target: ListenTarget; readonly resume: string | null }
  | { readonly kind: 'unlisten'; readonly id: number }
  | { readonly kind: 'write'; readonly id: number; readonly write: WireWrite }
  | { readonly kind: 'abort'; readonly id: number }
  /** The member gives tokens from now on, or wants the group signed out. */
  | { readonly kind: 'use-token'; readonly id: number; readonly hasToken: boolean }
  /** The answer to `ask-token`. */
  | { readonly kind: 'token'; readonly id: number; readonly outcome: Outcome<string | null> }
  | { readonly kind: 'wake' };

/** The leader to a member. */
export type ToMember =
  | { readonly kind: 'state'; readonly state: LinkState }
  | { readonly kind: 'event'; readonly id: number; readonly event: ServerEvent }
  | { readonly kind: 'refused'; readonly id: number; readonly error: PlainError }
  | { readonly kind: 'written'; readonly id: number; readonly outcome: Outcome<WireAck> }
  | { readonly kind: 'token-used'; readonly id: number; readonly outcome: Outcome<null> }
  | { readonly kind: 'ask-token'; readonly id: number };

/** How the real connection stands. */
export interface LinkState {
  readonly status: Status;
  readonly epoch: string | null;
  readonly serverTimeOffset: number;
  readonly user: UserInfo | null;
  readonly lastError: PlainError | null;
}

export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: PlainError };

/** An error as it crosses from tab to tab. `refusal` is there for a `RefusedError`. */
export interface PlainError {
  readonly message: string;
  readonly refusal: {
    readonly code: string;
    readonly trace: string | null;
    readonly retryAfterMs: number | null;
  } | null;
}

/** On the channel that all tabs hear: a newcomer asks who leads, the leader says so. */
export type Hail = { readonly kind: 'hello' } | { readonly kind: 'lead'; readonly leader: string };

/** On the channel of one tab. `member` names one stay of a member in the group, `tab` and `leader` are ids of tabs. */
export type Envelope =
  | { readonly to: 'leader'; readonly tab: string; readonly member: string; readonly message: ToLeader }
  | { readonly to: 'member'; readonly leader: string; readonly member: string; readonly message: ToMember };
