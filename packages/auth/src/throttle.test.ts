import { BacksideError } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { type Attempt, createThrottle, type Throttle, type ThrottleOptions } from './throttle.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A throttle whose clock the test moves. */
class Bench {
  now = 1_000_000;
  readonly throttle: Throttle;

  constructor(options: Omit<ThrottleOptions, 'now'> = {}) {
    this.throttle = createThrottle({ ...options, now: () => this.now });
  }

  /** A wrong password: 0 if it was let in, else the wait in milliseconds. */
  fail(attempt: Attempt): number {
    try {
      this.throttle.enter(attempt);
      return 0;
    } catch (error) {
      expect(error).toBeInstanceOf(BacksideError);
      expect(error).toMatchObject({ code: 'rate-limited' });
      expect((error as BacksideError).retryAfterMs).toBeGreaterThan(0);
      return (error as BacksideError).retryAfterMs!;
    }
  }

  succeed(attempt: Attempt): void {
    this.throttle.enter(attempt).succeeded();
  }

  /** As many wrong passwords as are let in until `end`, coming back at once when told so, at most 10,000. */
  guessUntil(end: number, attempts: readonly Attempt[]): number {
    let guesses = 0;
    for (let round = 0; round < 10_000 && this.now < end; round++) {
      let next = Number.POSITIVE_INFINITY;
      for (const attempt of attempts) {
        const wait = this.fail(attempt);
        if (wait === 0) guesses += 1;
        next = Math.min(next, Math.max(wait, 1));
      }
      this.now += next;
    }
    return guesses;
  }
}

const home: Attempt = { account: 'victim', address: '192.0.2.1' };
const stranger = (at: number): Attempt => ({ account: 'victim', address: `198.51.${at >> 8}.${at & 255}` });

describe('guessing from one address', () => {
  it('is let in five times, then after growing waits', () => {
    const bench = new Bench();
    const waits: number[] = [];
    for (let count = 0; count < 9; count++) {
      const wait = bench.fail(stranger(1));
      waits.push(wait);
      bench.now += wait;
      if (wait > 0) expect(bench.fail(stranger(1))).toBe(0);
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 1000, 2000, 4000, 8000]);
  });

  it('gets no more from a thousand attempts at once', () => {
    const bench = new Bench();
    const admitted = Array.from({ length: 1000 }, () => bench.fail(stranger(1))).filter((wait) => wait === 0);
    expect(admitted).toHaveLength(5);
  });

  it('comes to a few dozen guesses a day at one account', () => {
    const bench = new Bench();
    const first = bench.guessUntil(bench.now + DAY, [stranger(1)]);
    const second = bench.guessUntil(bench.now + DAY, [stranger(1)]);
    expect(first).toBeLessThanOrEqual(45);
    expect(second).toBeLessThanOrEqual(26);
  });

  it('is bounded over all accounts, for known and unknown ones alike', () => {
    const bench = new Bench();
    const spray = Array.from({ length: 400 }, (_, at) => ({ account: `user${at}`, address: '198.51.100.1' }));
    expect(spray.filter((attempt) => bench.fail(attempt) === 0)).toHaveLength(50);
    const guesses = bench.guessUntil(bench.now + 3 * HOUR, spray.slice(0, 40));
    expect(guesses).toBeLessThanOrEqual(3 * 60 + 20);
  });

  it('counts an IPv6 customer as one, whichever of his addresses he takes', () => {
    const bench = new Bench();
    const inHouse = (at: number): Attempt => ({ account: 'victim', address: `2001:db8:1:2::${at.toString(16)}` });
    expect(Array.from({ length: 100 }, (_, at) => bench.fail(inHouse(at))).filter((wait) => wait === 0)).toHaveLength(
      5,
    );
    const ofCustomer = (at: number): Attempt => ({ account: `user${at}`, address: `2001:db8:2:${at.toString(16)}::1` });
    const admitted = Array.from({ length: 400 }, (_, at) => bench.fail(ofCustomer(at))).filter((wait) => wait === 0);
    expect(admitted).toHaveLength(50);
  });

  it('cannot be paid for with sign-ins to an account of his own', () => {
    const bench = new Bench();
    const own: Attempt = { account: 'attacker', address: '198.51.100.1' };
    let guesses = 0;
    for (let at = 0; at < 300; at++) {
      bench.throttle.enter(own).succeeded();
      if (bench.fail({ account: `user${at}`, address: own.address }) === 0) guesses += 1;
    }
    expect(guesses).toBe(50);
  });
});

describe('the owner of an account under attack', () => {
  it('signs in at home at any time, whatever comes from elsewhere', () => {
    const bench = new Bench();
    bench.succeed(home);
    for (let hour = 0; hour < 24; hour++) {
      for (let at = 0; at < 500; at++) bench.fail(stranger(at));
      expect(() => bench.succeed(home)).not.toThrow();
      bench.now += HOUR;
    }
  });

  it('is known at home by his sessions, too, after a restart', () => {
    const bench = new Bench();
    for (let at = 0; at < 500; at++) bench.fail(stranger(at));
    expect(bench.fail(home)).toBeGreaterThan(0);
    expect(bench.fail({ ...home, known: true })).toBe(0);
  });

  it('shares no wait at home with a neighbour behind the same address', () => {
    const bench = new Bench();
    bench.succeed(home);
    for (let at = 0; at < 200; at++) bench.fail({ account: `user${at}`, address: home.address });
    expect(() => bench.succeed(home)).not.toThrow();
  });

  it('waits at most 30 seconds at a new place, while a thousand addresses go on', () => {
    const bench = new Bench();
    for (let at = 0; at < 1000; at++) bench.fail(stranger(at));
    const abroad: Attempt = { account: 'victim', address: '203.0.113.9' };
    const wait = bench.fail(abroad);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(30_000);
    for (let step = 0; step < 10; step++) {
      for (let at = 0; at < 1000; at++) bench.fail(stranger(at));
      bench.now += wait / 10;
    }
    expect(() => bench.succeed(abroad)).not.toThrow();
  });

  it('has ten tries at home, and five minutes to wait at worst', () => {
    const bench = new Bench();
    bench.succeed(home);
    const waits = Array.from({ length: 40 }, () => {
      const wait = bench.fail(home);
      bench.now += wait;
      if (wait > 0) bench.fail(home);
      return wait;
    });
    expect(waits.slice(0, 12)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000, 2000]);
    expect(Math.max(...waits)).toBe(5 * MINUTE);
  });

  it('is forgiven his own failures by a success, the attacker is not', () => {
    const bench = new Bench();
    for (let count = 0; count < 4; count++) {
      bench.fail(home);
      bench.fail(stranger(1));
    }
    bench.succeed(home);
    bench.fail(stranger(1));
    expect(bench.fail(home)).toBe(0);
    expect(bench.fail(stranger(1))).toBeGreaterThan(0);
    for (let count = 0; count < 8; count++) bench.fail(home);
    bench.succeed(home);
    for (let count = 0; count < 10; count++) expect(bench.fail(home)).toBe(0);
    expect(bench.fail(home)).toBe(1000);
  });
});

describe('guessing from many addresses', () => {
  it('needs two visits per guess once twenty have failed', () => {
    const bench = new Bench();
    for (let at = 0; at < 20; at++) expect(bench.fail(stranger(at))).toBe(0);
    for (let at = 20; at < 40; at++) expect(bench.fail(stranger(at))).toBe(1000);
    bench.now += 1000;
    expect(bench.fail(stranger(20))).toBe(0);
    bench.now += 10_000;
    expect(bench.fail(stranger(20))).toBe(2000);
  });

  it('comes to at most 45 guesses a day for each of them', () => {
    const bench = new Bench();
    const botnet = Array.from({ length: 20 }, (_, at) => stranger(at));
    expect(bench.guessUntil(bench.now + DAY, botnet)).toBeLessThanOrEqual(20 * 45);
  });
});

describe('attempts that come to nothing', () => {
  it('cost nothing when they are withdrawn, once', () => {
    const bench = new Bench();
    for (let count = 0; count < 100; count++) {
      const admission = bench.throttle.enter(stranger(1));
      admission.withdrawn();
      admission.withdrawn();
      admission.succeeded();
    }
    for (let count = 0; count < 5; count++) expect(bench.fail(stranger(1))).toBe(0);
    expect(bench.fail(stranger(1))).toBeGreaterThan(0);
  });

  it('do not make the wait longer when they are refused', () => {
    const bench = new Bench();
    for (let count = 0; count < 5; count++) bench.fail(stranger(1));
    for (let count = 0; count < 1000; count++) expect(bench.fail(stranger(1))).toBe(1000);
  });

  it('without an account count for the address alone', () => {
    const bench = new Bench();
    const signUp: Attempt = { account: null, address: '198.51.100.1', known: true };
    expect(Array.from({ length: 60 }, () => bench.fail(signUp)).filter((wait) => wait === 0)).toHaveLength(50);
    expect(bench.fail({ ...signUp, address: '198.51.100.2' })).toBe(0);
  });
});

describe('the memory of a throttle', () => {
  it("is bounded, and to push a victim's failures out takes as many attempts as it has room for", () => {
    const bench = new Bench({ capacity: 100 });
    for (let count = 0; count < 5; count++) bench.fail(stranger(1));
    for (let at = 0; at < 98; at++) bench.fail({ account: `other${at}`, address: `203.0.113.${at}` });
    expect(bench.fail(stranger(1))).toBeGreaterThan(0);
    for (let at = 0; at < 5000; at++) bench.fail({ account: 'x'.repeat(at), address: `10.0.${at >> 8}.${at & 255}` });
    expect(bench.fail(stranger(1))).toBe(0);
  });
});
