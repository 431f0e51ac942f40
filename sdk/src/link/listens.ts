import { HEADERS } from '@backside/protocol';
import { canonicalQuery, formatPath, isDefaultQuery, type Json, parsePath, UNLIMITED } from '@backside/tree';
import type { ListenHandler, ListenTarget } from './connection.js';
import type { Environment } from './environment.js';
import type { RefusedError } from './refused-error.js';
import type { Headers, Session } from './session.js';
import { viewName } from './view-name.js';

/** All listens of a connection, on whichever session there is. */
export class Listens {
  readonly #all = new Set<Listen>();
  #session: Session | null = null;
  /** Those that were refused while the sign-in did not hold, and why; null while it does. */
  #parked: Map<Listen, RefusedError> | null = null;
  readonly #setTimeout: Environment['setTimeout'];

  constructor(environment: Environment) {
    this.#setTimeout = environment.setTimeout;
  }

  add(target: ListenTarget, handler: ListenHandler): () => void {
    const listen = new Listen(target, handler, (error) => this.#refused(listen, error));
    this.#all.add(listen);
    if (this.#session !== null) listen.subscribe(this.#session);
    return () => {
      if (!this.#all.delete(listen)) return;
      this.#parked?.delete(listen);
      listen.unsubscribe();
    };
  }

  /** Begins all of them on a session that is open. */
  attach(session: Session): void {
    this.#session = session;
    for (const listen of [...this.#all]) listen.subscribe(session);
  }

  /** The session is over. */
  detach(): void {
    this.#session = null;
    this.#parked = null;
  }

  /** The sign-in holds no more, but may be renewed: refusals wait for `unpark`. */
  park(): void {
    this.#parked ??= new Map();
  }

  /** Asks again for what was refused meanwhile if that may help, else tells. */
  unpark(renewed: boolean): void {
    const parked = this.#parked ?? [];
    this.#parked = null;
    for (const [listen, error] of parked) {
      if (renewed && this.#session !== null) listen.subscribe(this.#session);
      else this.#refused(listen, error);
    }
  }

  /** What a server cannot serve now, and says when it may, is asked for again then. */
  #refused(listen: Listen, error: RefusedError): void {
    const session = this.#session;
    if (this.#parked !== null) this.#parked.set(listen, error);
    else if (error.retryAfterMs !== null && session !== null) {
      this.#setTimeout(() => {
        if (session === this.#session && this.#all.has(listen)) listen.subscribe(session);
      }, error.retryAfterMs);
    } else if (this.#all.delete(listen)) listen.handler.refused(error);
  }

  clear(): void {
    this.#all.clear();
  }
}

/** One listen, through all sessions. */
class Listen {
  readonly handler: ListenHandler;
  readonly #refused: (error: RefusedError) => void;
  readonly #headers: readonly (readonly [string, string])[];
  readonly #name: string;
  #session: Session | null = null;
  #id = '';

  constructor({ path, query }: ListenTarget, handler: ListenHandler, refused: (error: RefusedError) => void) {
    const destination = formatPath(path);
    const filter = query === null || isDefaultQuery(query) ? null : canonicalQuery(query);
    this.handler = handler;
    this.#refused = refused;
    this.#name = viewName(`${destination}?${filter ?? ''}`);
    this.#headers = [
      ['destination', destination],
      [HEADERS.format, 'export'],
      ...(filter === null ? [] : [[HEADERS.query, filter] as const]),
    ];
  }

  subscribe(session: Session): void {
    const resume = this.handler.resumePoint();
    const headers = resume === null ? this.#headers : [...this.#headers, [HEADERS.resume, resume] as const];
    this.#session = session;
    this.#id = session.subscribe(this.#name, headers, {
      message: (about, body) => this.#tell(session, about, body),
      refused: this.#refused,
    });
  }

  unsubscribe(): void {
    this.#session?.unsubscribe(this.#id);
  }

  #tell(session: Session, headers: Headers, body: string): void {
    const epoch = headers.get(HEADERS.epoch);
    const resumed = headers.get(HEADERS.resumed);
    this.handler.event({
      kind: headers.get(HEADERS.event) === 'patch' ? 'patch' : 'put',
      path: parsePath(headers.get('destination') ?? '', UNLIMITED),
      body: JSON.parse(body) as Json,
      revision: Number(headers.get(HEADERS.revision)),
      epoch: epoch ?? session.epoch,
      snapshot: epoch !== undefined,
      resumed: resumed === undefined ? null : resumed === 'true',
    });
  }
}
