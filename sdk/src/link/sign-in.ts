import { DESTINATIONS, HEADERS } from '@backside/protocol';
import type { UserInfo } from './connection.js';
import { RefusedError } from './refused-error.js';
import type { Answer, Headers, Session } from './session.js';

/** The present token, renewed if it has to be; null to be nobody. */
export type GetToken = () => Promise<string | null>;

export interface SignInEvents {
  user(user: UserInfo | null): void;
  /** Until `renewed`, what is sent or refused may be so by a sign-in that holds no more. */
  renewing(): void;
  renewed(accepted: boolean): void;
  /** A renewal that nobody waits for has failed. */
  failed(error: Error): void;
}

/** A renewal under way, and what it is for. */
interface Renewal {
  readonly generation: number;
  /** Whether the old token is known to be of no more use. */
  readonly urgent: boolean;
  readonly done: Promise<void>;
}

/** Who the client is: the token of each connect, and its renewal on a live session. */
export class SignIn {
  readonly #events: SignInEvents;
  #getToken: GetToken | null = null;
  /** Counts calls of `use`. */
  #generation = 0;
  /** The last token that a session was given, and the generation that it is of. */
  #given: { readonly generation: number; readonly token: string | null } = { generation: 0, token: null };
  #session: Session | null = null;
  #renewal: Renewal | null = null;
  #cutShort: (() => void) | null = null;

  constructor(events: SignInEvents) {
    this.#events = events;
  }

  /** The token to connect with. Rejects with what the application's function threw. */
  async token(): Promise<string | null> {
    const generation = this.#generation;
    const token = (await this.#getToken?.()) ?? null;
    this.#given = { generation, token };
    return token;
  }

  /** See `Connection.setToken`. */
  use(getToken: GetToken | null): Promise<void> {
    this.#getToken = getToken;
    this.#generation += 1;
    if (this.#session === null) return Promise.resolve();
    return this.#renewFirst(this.#session);
  }

  /** Follows the user of a session that is open, and brings it up to date if `use` was called meanwhile. */
  attach(session: Session): void {
    this.#session = session;
    session.subscribe('user', [['destination', DESTINATIONS.user]], {
      message: (headers, body) => this.#told(session, headers, JSON.parse(body) as UserInfo | null),
      refused: (error) => this.#events.failed(error),
    });
    if (this.#given.generation !== this.#generation) this.#unattended(this.#renewFirst(session));
  }

  /** The session is over. */
  detach(): void {
    this.#session = null;
    this.#renewal = null;
    this.#cutShort?.();
  }

  /** The server has refused something because the sign-in holds no more. Whether it is being renewed now. */
  lapsed(): boolean {
    if (this.#getToken === null || this.#session === null) return false;
    this.#unattended(this.#renewFirst(this.#session));
    return true;
  }

  #told(session: Session, headers: Headers, user: UserInfo | null): void {
    this.#events.user(user);
    if (headers.has(HEADERS.reason)) this.lapsed();
    else if (headers.has(HEADERS.expiresAt) && this.#getToken !== null) {
      this.#unattended(this.#renew(session, false));
    }
  }

  #unattended(renewal: Promise<void>): void {
    renewal.catch((error: unknown) => this.#events.failed(error as Error));
  }

  /** Renews before anything else is sent. */
  #renewFirst(session: Session): Promise<void> {
    this.#events.renewing();
    return this.#renew(session, true);
  }

  /** Joins the renewal under way if that serves the same purpose. */
  #renew(session: Session, urgent: boolean): Promise<void> {
    const generation = this.#generation;
    const before = this.#renewal;
    if (before?.generation === generation && (before.urgent || !urgent)) return before.done;
    const begin = (): Promise<boolean> => this.#exchange(session, urgent);
    const done = (before === null ? begin() : before.done.then(begin, begin)).then(
      (accepted) => this.#ended(renewal, accepted),
      (error: unknown) => {
        this.#ended(renewal, false);
        throw error;
      },
    );
    const renewal: Renewal = { generation, urgent, done };
    this.#renewal = renewal;
    return done;
  }

  #ended(renewal: Renewal, accepted: boolean): void {
    if (this.#renewal !== renewal) return;
    this.#renewal = null;
    this.#events.renewed(accepted);
  }

  /** Gives the session a new token. False if it is over, or there was none to give; the same one again is worth a try only in need. */
  async #exchange(session: Session, urgent: boolean): Promise<boolean> {
    const generation = this.#generation;
    const token = (await this.#getToken?.()) ?? null;
    if (session !== this.#session || (!urgent && token === this.#given.token)) return false;
    const answer = await this.#send(session, token);
    if (answer === null) return false;
    if (answer instanceof RefusedError) throw answer;
    this.#given = { generation, token };
    return true;
  }

  #send(session: Session, token: string | null): Promise<Answer | null> {
    return new Promise((resolve) => {
      this.#cutShort = () => resolve(null);
      const headers = [['destination', DESTINATIONS.auth] as const];
      session.request({ command: 'SEND', headers, body: JSON.stringify(token) }, resolve);
    });
  }
}
