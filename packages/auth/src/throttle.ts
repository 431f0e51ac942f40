import { createHash } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import { addressPrefixes } from './throttle-address.js';
import { type Budget, FailureTally } from './throttle-budget.js';

/** Somebody is about to prove who they are. */
export interface Attempt {
  /** The account as the client names it, whether it exists or not; null if it names none (signing up). */
  readonly account: string | null;
  readonly address: string;
  /** Whether the account is known to have signed in from this address before, as its sessions tell. */
  readonly known?: boolean;
}

/** An attempt that was let in. It counts as failed from the start, so that a thousand at once are a thousand failures. */
export interface Admission {
  /** The proof was right, second factor included: the failure is taken back and the address is known from now on. */
  succeeded(): void;
  /** The attempt came to no decision (a provider was down, say): the failure is taken back. */
  withdrawn(): void;
}

export interface Throttle {
  /**
   * Lets the attempt in or throws `rate-limited`, with `retryAfterMs` after which the same attempt is let in if nobody else
   * counts against it meanwhile. A refused attempt counts nowhere and prolongs nothing.
   */
  enter(attempt: Attempt): Admission;
}

export interface ThrottleOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Entries of each table: at most six tables, about 200 bytes per entry. Default 20,000. */
  readonly capacity?: number;
  readonly budgets?: Partial<ThrottleBudgets>;
}

export interface ThrottleBudgets {
  /** One account from one address it never signed in from. */
  readonly stranger: Budget;
  /** One account from one address it did sign in from. */
  readonly known: Budget;
  /** One address, whatever the account. */
  readonly address: Budget;
  /** One account from all strange addresses together; see `createThrottle` for what its wait means. */
  readonly pressure: Budget;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const BUDGETS: ThrottleBudgets = {
  stranger: { free: 5, firstDelayMs: SECOND, maxDelayMs: 60 * MINUTE, forgetMs: 60 * MINUTE },
  known: { free: 10, firstDelayMs: SECOND, maxDelayMs: 5 * MINUTE, forgetMs: 5 * MINUTE },
  address: { free: 50, firstDelayMs: SECOND, maxDelayMs: 15 * MINUTE, forgetMs: MINUTE },
  pressure: { free: 20, firstDelayMs: SECOND, maxDelayMs: 30 * SECOND, forgetMs: MINUTE },
};

/**
 * Slows guessing down without letting a guesser lock anybody out.
 *
 * - `stranger`, by account and narrow address (IPv4, IPv6 /64): 5 tries, then waits of 1, 2, 4 … s up to an hour. As one
 *   failure is forgotten an hour, one address has 39 guesses at an account on the first day and 24 on each later one.
 * - `address`, by wide address (IPv4, IPv6 /48) over all accounts: 50 tries, then waits up to 15 minutes, one failure
 *   forgotten a minute: about 1,500 guesses a day, which bounds trying one password on many accounts. Its wait is no
 *   obstacle to an account that is known at the address.
 * - `pressure`, by account over all strange addresses: after 20 failures an address must come twice, the second time no sooner
 *   than 1 … 30 s after the first. The wait is each address's own; so however many others try, the owner at a new place
 *   waits 30 s at most. This only paces a burst; how much N addresses get in a day is N times what `stranger` says.
 * - `known`, by account and narrow address once it has signed in there: none of the above counts, only failures from that very
 *   address: 10 tries, then waits up to 5 minutes. So nobody elsewhere can keep the owner from signing in at home.
 *
 * A success forgives the account's failures at its address, never those of the account elsewhere or of the address elsewhere.
 *
 * State is in memory and per process: N processes let N times as much through, and a restart forgets. Memory is bounded:
 * beyond `capacity` keys the one unused for longest is forgotten, and to push one out takes that many admitted attempts.
 */
export function createThrottle(options: ThrottleOptions): Throttle {
  return new AttemptThrottle(options);
}

/** Where one attempt counts. */
interface Keys {
  readonly account: string | null;
  /** Account and narrow address. */
  readonly pair: string;
  readonly address: string;
}

class AttemptThrottle implements Throttle {
  readonly #now: () => number;
  readonly #capacity: number;
  readonly #budgets: ThrottleBudgets;
  readonly #stranger: FailureTally;
  readonly #known: FailureTally;
  readonly #address: FailureTally;
  readonly #pressure: FailureTally;
  /** Pairs that signed in, by last success. */
  readonly #home: Map<string, true> = new Map();
  /** When pairs first came while their account was under pressure. */
  readonly #tickets: Map<string, number> = new Map();

  constructor(options: ThrottleOptions) {
    this.#now = options.now;
    this.#capacity = options.capacity ?? 20_000;
    this.#budgets = { ...BUDGETS, ...options.budgets };
    this.#stranger = new FailureTally(this.#budgets.stranger, this.#capacity);
    this.#known = new FailureTally(this.#budgets.known, this.#capacity);
    this.#address = new FailureTally(this.#budgets.address, this.#capacity);
    this.#pressure = new FailureTally(this.#budgets.pressure, this.#capacity);
  }

  enter(attempt: Attempt): Admission {
    const keys = keysOf(attempt);
    const known = keys.account !== null && (attempt.known === true || this.#home.has(keys.pair));
    return known ? this.#enterKnown(keys) : this.#enterStranger(keys);
  }

  #enterKnown(keys: Keys): Admission {
    const now = this.#now();
    refuseIf(this.#known.waitMs(keys.pair, now));
    const undo = this.#known.add(keys.pair, now);
    return this.#admission(keys, [undo]);
  }

  #enterStranger(keys: Keys): Admission {
    const now = this.#now();
    const wait = this.#address.waitMs(keys.address, now);
    if (keys.account === null) {
      refuseIf(wait);
      return this.#admission(keys, [this.#address.add(keys.address, now)]);
    }
    refuseIf(Math.max(wait, this.#stranger.waitMs(keys.pair, now)));
    refuseIf(this.#ticketWaitMs(keys.account, keys.pair, now));
    this.#tickets.delete(keys.pair);
    return this.#admission(keys, [
      this.#address.add(keys.address, now),
      this.#stranger.add(keys.pair, now),
      this.#pressure.add(keys.account, now),
    ]);
  }

  /** Under pressure a strange address waits from its own first visit on. */
  #ticketWaitMs(account: string, pair: string, now: number): number {
    const delay = this.#pressure.delayMs(account, now);
    if (delay === 0) return 0;
    const came = this.#tickets.get(pair);
    if (came !== undefined) return Math.max(0, came + delay - now);
    remember(this.#tickets, [pair, now], this.#capacity);
    return delay;
  }

  #admission(keys: Keys, undo: readonly (() => void)[]): Admission {
    let open = true;
    const takeBack = (): boolean => {
      if (!open) return false;
      open = false;
      for (const step of undo) step();
      return true;
    };
    return {
      succeeded: (): void => {
        if (!takeBack() || keys.account === null) return;
        this.#known.clear(keys.pair);
        remember(this.#home, [keys.pair, true], this.#capacity);
      },
      withdrawn: (): void => {
        takeBack();
      },
    };
  }
}

function refuseIf(waitMs: number): void {
  if (waitMs <= 0) return;
  const message = `Too many attempts; try again in ${Math.ceil(waitMs / SECOND)} s`;
  throw new BacksideError('rate-limited', message, { retryAfterMs: waitMs });
}

/** Keys of a fixed size, so that no long name takes up memory. */
function keysOf(attempt: Attempt): Keys {
  const { narrow, wide } = addressPrefixes(attempt.address);
  const account = attempt.account === null ? null : digest(attempt.account);
  return { account, pair: digest(`${account ?? ''}|${narrow}`), address: digest(wide) };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Puts the entry last and drops the first ones beyond the capacity. */
function remember<T>(map: Map<string, T>, [key, value]: readonly [string, T], capacity: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= capacity) return;
    map.delete(oldest);
  }
}
