import { expiryOf, type Principal } from '@backside/protocol';
import type { Deadlines, Owner } from './deadlines.js';
import type { WatchPrincipal } from './session-context.js';

/** Why a credential no longer holds. */
export type Lapse = 'expired' | 'revoked';

/** What a tenure needs of its surroundings. */
export interface TenureContext {
  readonly now: () => number;
  readonly deadlines: Deadlines;
  readonly watchPrincipal: WatchPrincipal;
  readonly limits: { readonly expiryNoticeMs: number };
}

/** Told, until the tenure ends, of what becomes of its principal. */
export interface TenureEvents {
  /** Has other claims or another role than before. */
  succeeded(): void;
  /** The credential will soon expire. Called once for each time of expiry. */
  expiring(): void;
  /** The credential holds no more. After `expired` it may still be revoked, which is told as well. */
  lapsed(): void;
}

/** The part of a credential's life, before its end, in which its holder is warned at most. */
const WARNED_SHARE = 0.2;

/** One sign-in: follows its principal until another sign-in takes its place. Expiry is noticed within a tenth of a second. */
export class Tenure implements Owner {
  over = false;
  /** Why the credential no longer holds; null while it does. */
  lapse: Lapse | null = null;
  /** Whether its holder was told that it will soon expire. */
  announced = false;
  readonly #context: TenureContext;
  readonly #events: TenureEvents;
  #principal: Principal;
  #expiresAt = Number.POSITIVE_INFINITY;
  #noticeAt = Number.POSITIVE_INFINITY;
  #stopWatching: (() => void) | null = null;

  constructor(context: TenureContext, events: TenureEvents, principal: Principal) {
    this.#context = context;
    this.#events = events;
    this.#principal = principal;
    this.#follow(principal);
  }

  /** Who has signed in, as it is by now. */
  get principal(): Principal {
    return this.#principal;
  }

  /** Whether the credential holds. Exact, where events come a little late. */
  get holds(): boolean {
    if (this.lapse !== null) return false;
    return this.#expiresAt === Number.POSITIVE_INFINITY || this.#context.now() < this.#expiresAt;
  }

  /** Begins to watch the principal for a change of its rights. Events may come during this call. */
  watch(database: string): void {
    if (this.#principal.kind === 'nobody') return;
    const stop = this.#context.watchPrincipal(this.#principal, database, (next) => this.#changed(next));
    if (this.over || this.lapse === 'revoked') stop();
    else this.#stopWatching = stop;
  }

  #changed(next: Principal): void {
    if (this.over || this.lapse === 'revoked') return;
    if (next.kind === 'nobody') {
      this.#lapse('revoked');
      this.#stop();
      return;
    }
    this.#principal = next;
    this.#follow(next);
    this.#events.succeeded();
  }

  #follow(principal: Principal): void {
    const expiresAt = expiryOf(principal) ?? Number.POSITIVE_INFINITY;
    if (expiresAt === this.#expiresAt) return;
    const now = this.#context.now();
    const noticeMs = Math.min(this.#context.limits.expiryNoticeMs, (expiresAt - now) * WARNED_SHARE);
    this.#expiresAt = expiresAt;
    this.#noticeAt = expiresAt - noticeMs;
    this.announced = false;
    if (Number.isFinite(expiresAt)) this.#context.deadlines.schedule(this.#noticeAt, (at) => this.#check(at), this);
  }

  /** What is due at `now`; returns when something is due again. */
  #check(now: number): number | null {
    if (this.lapse !== null) return null;
    if (now >= this.#expiresAt) {
      this.#lapse('expired');
      return null;
    }
    if (now < this.#noticeAt) return this.#noticeAt;
    if (!this.announced) {
      this.announced = true;
      this.#events.expiring();
    }
    return this.#expiresAt;
  }

  #lapse(reason: Lapse): void {
    this.lapse = reason;
    this.#events.lapsed();
  }

  /** No event comes any more. */
  end(): void {
    this.over = true;
    this.#stop();
  }

  #stop(): void {
    this.#stopWatching?.();
    this.#stopWatching = null;
  }
}
