import { beatAfterMs, type HeartbeatAgreement } from '@backside/stomp';
import type { Environment } from './environment.js';

/** How long an answer to the question "are you there?" may take, in milliseconds, or the agreed interval if that is shorter. */
const ANSWER_MS = 2_500;
/** Questions without an answer before the peer is taken for dead: after a sleep the first may be judged before its answer is read. */
const QUESTIONS = 2;
/** Silence, in agreed intervals, after which the question is asked. */
const SUSPICIOUS_INTERVALS = 1.5;

export interface LivenessOptions {
  readonly environment: Environment;
  readonly agreement: HeartbeatAgreement;
  /** Sends a heart-beat. */
  readonly beat: () => void;
  /** Sends something that the peer must answer. */
  readonly ask: () => void;
  readonly dead: () => void;
}

/**
 * Keeps the heart-beats of one connection, and notices when the peer is gone. Made for timers that come late, as those of hidden
 * tabs (once a minute) and of machines that slept do: beats are also sent when something is received, which no browser delays, and
 * silence alone ends nothing, since what was received may still wait to be read: it only raises a question.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #lastIn: number;
  #lastOut: number;
  /** Asked since anything was last received. */
  #questions = 0;
  #askedAt = 0;
  #timer: unknown = null;
  #stopped = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#lastIn = options.environment.now();
    this.#lastOut = this.#lastIn;
    this.#schedule();
  }

  /** Any octets came. */
  received(): void {
    this.#lastIn = this.#options.environment.now();
    this.#questions = 0;
    this.#beatIfDue(this.#lastIn);
  }

  /** Any octets went out. */
  sent(): void {
    this.#lastOut = this.#options.environment.now();
  }

  /** There is reason to doubt the line: asks now, so that a dead one shows within seconds. */
  doubt(): void {
    if (this.#questions > 0 || this.#stopped) return;
    this.#ask();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#options.environment.clearTimeout(this.#timer);
  }

  #schedule(): void {
    const { environment } = this.#options;
    environment.clearTimeout(this.#timer);
    const wait = Math.min(this.#beatDue, this.#judgementDue) - environment.now();
    this.#timer = wait === Infinity ? null : environment.setTimeout(() => this.#tick(), Math.max(1, wait));
  }

  #tick(): void {
    const now = this.#options.environment.now();
    this.#followClock(now);
    this.#beatIfDue(now);
    if (now >= this.#judgementDue) this.#judge();
    if (!this.#stopped) this.#schedule();
  }

  /** Whoever sets the clock back does not make anything recent. */
  #followClock(now: number): void {
    this.#lastIn = Math.min(this.#lastIn, now);
    this.#lastOut = Math.min(this.#lastOut, now);
    this.#askedAt = Math.min(this.#askedAt, now);
  }

  get #beatDue(): number {
    const { sendMs } = this.#options.agreement;
    return sendMs === 0 ? Infinity : this.#lastOut + beatAfterMs(sendMs);
  }

  get #judgementDue(): number {
    const { receiveMs } = this.#options.agreement;
    if (this.#questions > 0) return this.#askedAt + Math.min(ANSWER_MS, receiveMs || ANSWER_MS);
    return receiveMs === 0 ? Infinity : this.#lastIn + receiveMs * SUSPICIOUS_INTERVALS;
  }

  #beatIfDue(now: number): void {
    if (now >= this.#beatDue && !this.#stopped) this.#options.beat();
  }

  #judge(): void {
    if (this.#questions < QUESTIONS) {
      this.#ask();
      return;
    }
    this.stop();
    this.#options.dead();
  }

  #ask(): void {
    this.#questions += 1;
    this.#askedAt = this.#options.environment.now();
    this.#options.ask();
  }
}
