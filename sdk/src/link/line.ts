import { type BackoffLimits, backoffMs } from './backoff.js';
import type { Status } from './connection.js';
import type { Environment, Wake } from './environment.js';
import type { MessageLimit } from './outbox.js';
import { ClosedError, RefusedError } from './refused-error.js';
import { Session } from './session.js';
import type { SocketFactory } from './socket.js';

const TOO_LATE = 'the server did not answer in time';
const NETWORK_GONE = 'the network is gone';
/** From the beginning of an attempt to the server's welcome. */
const ATTEMPT_MS = 20_000;
/** An attempt that is older when something wakes has begun in another network, or before a sleep: it is not waited for. */
const STALE_MS = 3_000;
/** A session that held so long was a good one: failures before it no longer count. */
const STABLE_MS = 5_000;
/** Refusals in a row after which only the application can make another try worth it: the second came with a token that was asked for anew. */
const REFUSALS = 2;

/** Less than a server, or what stands before it, can be expected to allow for one message. */
const MESSAGE_LENGTH = 16 * 1024;

export interface LineOptions {
  readonly url: string;
  readonly socket: SocketFactory;
  readonly host: string;
  readonly heartbeatMs: number;
  readonly backoff: BackoffLimits;
  readonly environment: Environment;
  /** The token to connect with. */
  readonly token: () => Promise<string | null>;
  readonly onStatus: (status: Status) => void;
  /** A session is open. Called before `onStatus` tells so. */
  readonly onOpen: (session: Session) => void;
  /** The session that was open is over. */
  readonly onEnd: () => void;
}

/** Keeps one session open: makes a new one whenever it ends, after a while that grows with every failure. */
export class Line {
  status: Status = 'connecting';
  /** Why the last session ended or could not be made. */
  lastError: Error | null = null;
  readonly #options: LineOptions;
  readonly #stopWaking: () => void;
  readonly #messageLimit: MessageLimit = { length: MESSAGE_LENGTH };
  /** The attempt under way, so that what comes late from an earlier one is known as such. */
  #attempt: object | null = null;
  #attemptSince = 0;
  #session: Session | null = null;
  #timer: unknown = null;
  #failures = 0;
  #refusals = 0;
  #openSince = 0;
  /** Whether only the application brings it back. */
  #resting = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#stopWaking = options.environment.onWake((cause) => this.#wake(cause));
    queueMicrotask(() => this.#begin());
  }

  goOnline(): void {
    if (this.status === 'closed') return;
    this.#resting = false;
    this.#refusals = 0;
    if (this.status === 'offline') this.#begin();
    else this.#session?.doubt();
  }

  goOffline(): void {
    if (this.status === 'closed') return;
    this.#resting = true;
    this.#refusals = 0;
    this.#drop(new ClosedError());
    this.lastError = null;
    this.#become('offline');
  }

  close(): void {
    if (this.status === 'closed') return;
    this.#stopWaking();
    this.#drop(new ClosedError());
    this.#become('closed');
  }

  /** The token has changed: whoever was refused for the last one may try again. */
  tokenChanged(): void {
    if (this.#refusals >= REFUSALS) this.goOnline();
  }

  /** Where the network is said to be gone the line counts as dead; if that is wrong, the next attempt goes on where it was. */
  #wake(cause: Wake): void {
    if (this.#session?.wasOpen) {
      if (cause === 'offline') this.#failed(new Error(NETWORK_GONE));
      else this.#session.doubt();
    } else if (this.#attempt === null) this.#begin();
    else if (this.#options.environment.now() - this.#attemptSince > STALE_MS) this.#startOver();
  }

  #startOver(): void {
    this.#drop(new Error(TOO_LATE));
    this.#begin();
  }

  #begin(): void {
    const { environment } = this.#options;
    if (this.#resting || this.status === 'closed' || this.#attempt !== null) return;
    const attempt = {};
    this.#attempt = attempt;
    this.#attemptSince = environment.now();
    environment.clearTimeout(this.#timer);
    this.#timer = environment.setTimeout(() => this.#failed(new Error(TOO_LATE)), ATTEMPT_MS);
    this.#become('connecting');
    this.#connect(attempt).catch((error: unknown) => {
      if (attempt === this.#attempt) this.#failed(error as Error);
    });
  }

  async #connect(attempt: object): Promise<void> {
    const { url, socket, host, heartbeatMs, environment } = this.#options;
    const token = await this.#options.token();
    if (attempt !== this.#attempt) return;
    this.#session = new Session({
      ...{ socket: socket(url), environment, host, token, heartbeatMs, messageLimit: this.#messageLimit },
      onOpen: () => this.#opened(),
      onEnd: (session, reason) => {
        if (session === this.#session) this.#failed(reason);
      },
    });
  }

  #opened(): void {
    const { environment, onOpen } = this.#options;
    environment.clearTimeout(this.#timer);
    this.#openSince = environment.now();
    this.#refusals = 0;
    this.lastError = null;
    if (this.#session !== null) onOpen(this.#session);
    this.#become('online');
  }

  /** The attempt, or the session that came of it, is over by no wish of ours. */
  #failed(error: Error): void {
    const { environment, backoff } = this.#options;
    const wasOpen = this.#session?.wasOpen === true;
    if (wasOpen && environment.now() - this.#openSince >= STABLE_MS) this.#failures = 0;
    this.#failures += 1;
    if (!wasOpen && error instanceof RefusedError && !error.retry) this.#refusals += 1;
    this.#drop(error);
    this.#resting = this.#refusals >= REFUSALS;
    if (!this.#resting) {
      const wait = Math.max(backoffMs(this.#failures, backoff, environment.random), retryAfterMs(error));
      this.#timer = environment.setTimeout(() => this.#begin(), wait);
    }
    this.#become('offline');
  }

  /** Lets go of the attempt and its session, whatever has become of them. */
  #drop(reason: Error): void {
    const session = this.#session;
    this.#options.environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#attempt = null;
    this.#session = null;
    this.lastError = reason;
    session?.close(reason);
    if (session?.wasOpen) this.#options.onEnd();
  }

  #become(status: Status): void {
    if (status === this.status) return;
    this.status = status;
    this.#options.onStatus(status);
  }
}

function retryAfterMs(error: Error): number {
  return error instanceof RefusedError ? (error.retryAfterMs ?? 0) : 0;
}
