import type { Listener, Subscription, ViewEvent } from '@backside/api';
import {
  BacksideError,
  expiryOf,
  formatResumePoint,
  HEADERS,
  type Principal,
  parseResumePoint,
  toBacksideError,
} from '@backside/protocol';
import type { TreeCall } from './call.js';
import { AUTH_REVOKED, CANCEL, type EventEncoders, KEEP_ALIVE } from './event-encoder.js';
import { missingIndex } from './missing-index.js';

/**
 * One client that listens over HTTP. Begins its answer with the first event, so that what is refused is refused with a status. While the
 * client does not read, the subscription sums up what happens; the credential is watched until the end.
 */
export class EventStream implements Listener<Uint8Array> {
  readonly address: string;
  readonly #call: TreeCall;
  readonly #encoders: EventEncoders;
  readonly #refuse: (error: BacksideError) => void;
  #principal: Principal;
  #expiresAt: number;
  #subscription: Subscription | null = null;
  #stopWatching: () => void = () => {};
  /** The last event that was sent; null before the first. */
  #revision: number | null = null;
  #lastWriteAt = 0;
  #congestedSince: number | null = null;
  #ended = false;

  /** @param refuse is told what becomes of a stream that never began. */
  constructor(call: TreeCall, encoders: EventEncoders, refuse: (error: BacksideError) => void) {
    this.address = call.address;
    this.#call = call;
    this.#encoders = encoders;
    this.#refuse = refuse;
    this.#principal = call.principal;
    this.#expiresAt = expiryOf(call.credential) ?? Number.POSITIVE_INFINITY;
  }

  /** Begins to listen. Throws what `Database.listen` throws, and what is over a quota; then nothing is left of the stream. */
  start(): void {
    const { request, response, streams, auth, credential, quota } = this.#call;
    const lastEventId = request.headers['last-event-id'];
    const resume = typeof lastEventId === 'string' && parseResumePoint(lastEventId) !== null ? lastEventId : undefined;
    quota.assertListen();
    streams.add(this);
    quota.countListens(1);
    response.on('close', () => this.#release());
    response.on('drain', () => this.#drained());
    try {
      this.#listen(resume);
    } catch (error) {
      this.#release();
      throw error;
    }
    if (credential.kind !== 'nobody') this.#stopWatching = auth.watch(credential, (next) => this.#changed(next));
  }

  #listen(resume: string | undefined): void {
    const { database, path, parameters } = this.#call;
    this.#subscription = database.listen(this.#principal, {
      path,
      ...(parameters.query !== null && { query: parameters.query }),
      ...(resume !== undefined && { resume, confirm: true }),
      encoder: this.#encoders.encoder(database, path.length, parameters.format),
      listener: this,
    });
  }

  event(encoded: Uint8Array, event: ViewEvent): void {
    if (this.#ended) return;
    const { query } = this.#call.parameters;
    if (event.warning === 'no-index' && query !== null) {
      this.#fail(missingIndex(this.#call.path, query));
      return;
    }
    if (this.#call.now() >= this.#expiresAt) {
      this.#revoke();
      return;
    }
    if (this.#revision === null) this.#begin(event);
    this.#revision = event.revision;
    this.#write(encoded);
  }

  cancelled(error: BacksideError): void {
    if (error.code === 'permission-denied' && this.#revision !== null) this.#finish(CANCEL);
    else this.#fail(error);
  }

  /** Refuses what has not begun; what has, ends without a word, and its client comes back. */
  #fail(error: BacksideError): void {
    if (this.#revision !== null) {
      this.end();
      return;
    }
    this.#release();
    this.#refuse(error);
  }

  #begin({ staleMs }: ViewEvent): void {
    const { response, headers } = this.#call;
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      ...(staleMs !== null && { [HEADERS.stale]: String(staleMs) }),
    });
  }

  #write(octets: Uint8Array): void {
    const { response, limits, now } = this.#call;
    this.#lastWriteAt = now();
    response.write(octets);
    if (response.writableLength <= limits.softQueueBytes || this.#congestedSince !== null) return;
    // Until the end of the tick Node keeps what is written to itself: how slow the client is shows in what its system leaves.
    response.socket?.uncork();
    if (response.writableLength <= limits.softQueueBytes) return;
    this.#congestedSince = this.#lastWriteAt;
    this.#subscription?.pause();
  }

  #drained(): void {
    if (this.#congestedSince === null) return;
    this.#congestedSince = null;
    this.#subscription?.resume();
  }

  /** What time brings. */
  tick(now: number): void {
    const { limits, response } = this.#call;
    if (now >= this.#expiresAt) this.#revoke();
    else if (this.#congestedSince !== null) {
      if (now - this.#congestedSince > limits.stallTimeoutMs) response.destroy();
    } else if (this.#revision !== null && now - this.#lastWriteAt >= limits.keepAliveMs) this.#write(KEEP_ALIVE);
  }

  /** Who listens has other rights than before, or none. */
  #changed(next: Principal): void {
    const { principal, credential } = this.#call;
    const actsAsOther = principal !== credential;
    if (next.kind === 'nobody' || (actsAsOther && next.kind !== 'admin')) {
      this.#revoke();
      return;
    }
    this.#expiresAt = expiryOf(next) ?? Number.POSITIVE_INFINITY;
    if (actsAsOther) return;
    this.#call.quota.become(next, this.#call.database.name);
    this.#listenAs(next);
  }

  /** Goes on where it is, without a gap, if the right is still there. */
  #listenAs(principal: Principal): void {
    this.#principal = principal;
    this.#subscription?.end();
    const { epoch } = this.#call.database;
    try {
      this.#listen(this.#revision === null ? undefined : formatResumePoint({ epoch, revision: this.#revision }));
      if (this.#congestedSince !== null) this.#subscription?.pause();
    } catch (error) {
      this.cancelled(toBacksideError(error));
    }
  }

  #revoke(): void {
    if (this.#revision !== null) this.#finish(AUTH_REVOKED);
    else this.#fail(new BacksideError('unauthenticated', 'Auth token is expired'));
  }

  #finish(last: Uint8Array): void {
    this.#release();
    this.#call.response.end(last);
  }

  /** Ends the answer. */
  end(): void {
    this.#release();
    const { response } = this.#call;
    if (this.#revision === null) this.#refuse(new BacksideError('shutting-down'));
    else response.end();
  }

  #release(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopWatching();
    this.#subscription?.end();
    this.#call.streams.delete(this);
    this.#call.quota.countListens(-1);
  }
}
