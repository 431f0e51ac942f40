import { type BackoffLimits, DEFAULT_BACKOFF } from './backoff.js';
import { browserSocket } from './browser-socket.js';
import type { Connection, ListenHandler, ListenTarget, Status, UserInfo } from './connection.js';
import { defaultEnvironment, type Environment } from './environment.js';
import { Line } from './line.js';
import { Listeners } from './listeners.js';
import { Listens } from './listens.js';
import { ClosedError } from './refused-error.js';
import type { Session } from './session.js';
import { type GetToken, SignIn } from './sign-in.js';
import type { SocketFactory } from './socket.js';
import type { WireAck, WireWrite } from './write.js';
import { Writes } from './writes.js';

export interface ConnectionOptions {
  /** Default: the websocket of the browser. */
  readonly socket?: SocketFactory;
  /** The database by name; default the one that the server has for its host name, or its first. */
  readonly database?: string;
  /** The interval of heart-beats asked for, in milliseconds; a dead line shows within about twice that. Default 15,000. */
  readonly heartbeatMs?: number;
  /** Default 200 ms to 30 s. */
  readonly backoff?: BackoffLimits;
  /** What is left out is that of the browser or of Node. */
  readonly environment?: Partial<Environment>;
}

const DEFAULT_HEARTBEAT_MS = 15_000;
/** Stands for the id of an admin without an account; no account has it. */
const ADMIN = '\0';

/** Makes a connection, which begins to connect once the caller is done. Throws TypeError if `url` is no URL. */
export function createConnection(url: string, options: ConnectionOptions = {}): Connection {
  return new LastingConnection(url, options);
}

class LastingConnection implements Connection {
  epoch: string | null = null;
  serverTimeOffset = 0;
  user: UserInfo | null = null;
  readonly #statusListeners: Listeners<Status>;
  readonly #userListeners: Listeners<UserInfo | null>;
  readonly #listens: Listens;
  readonly #writes = new Writes(() => this.#signIn.lapsed());
  readonly #signIn: SignIn;
  readonly #line: Line;
  #renewalError: Error | null = null;

  constructor(url: string, options: ConnectionOptions) {
    const environment = { ...defaultEnvironment(), ...options.environment };
    this.#statusListeners = new Listeners(environment.report);
    this.#userListeners = new Listeners(environment.report);
    this.#listens = new Listens(environment);
    this.#signIn = new SignIn({
      user: (user) => this.#isNow(user),
      renewing: () => {
        this.#listens.park();
        this.#writes.hold();
      },
      renewed: (accepted) => {
        this.#listens.unpark(accepted);
        this.#writes.release();
      },
      failed: (error) => {
        this.#renewalError = error;
      },
    });
    this.#line = new Line({
      ...{ url, environment, host: options.database ?? new URL(url).hostname },
      socket: options.socket ?? browserSocket,
      heartbeatMs: options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
      backoff: options.backoff ?? DEFAULT_BACKOFF,
      token: () => this.#signIn.token(),
      onStatus: (status) => this.#statusListeners.tell(status),
      onOpen: (session) => this.#attach(session),
      onEnd: () => this.#detach(),
    });
  }

  get status(): Status {
    return this.#line.status;
  }

  get lastError(): Error | null {
    return this.#line.lastError ?? this.#renewalError;
  }

  onStatus(listener: (status: Status) => void): () => void {
    return this.#statusListeners.add(listener);
  }

  onUser(listener: (user: UserInfo | null) => void): () => void {
    return this.#userListeners.add(listener);
  }

  listen(target: ListenTarget, handler: ListenHandler): () => void {
    return this.#listens.add(target, handler);
  }

  write(write: WireWrite, signal?: AbortSignal): Promise<WireAck> {
    if (this.status === 'closed') return Promise.reject(new ClosedError());
    return this.#writes.add(write, signal);
  }

  setToken(getToken: GetToken | null): Promise<void> {
    this.#writes.signingIn();
    const used = this.#signIn.use(getToken);
    this.#line.tokenChanged();
    return used;
  }

  goOffline(): void {
    this.#line.goOffline();
  }

  goOnline(): void {
    this.#line.goOnline();
  }

  close(): void {
    this.#line.close();
    this.#writes.close();
    this.#listens.clear();
  }

  /** The user first, so that a sign-in that holds no more is known before what it costs. */
  #attach(session: Session): void {
    this.epoch = session.epoch;
    this.serverTimeOffset = session.serverTimeOffset;
    this.#renewalError = null;
    this.#signIn.attach(session);
    this.#listens.attach(session);
    this.#writes.attach(session);
  }

  #detach(): void {
    this.#signIn.detach();
    this.#listens.detach();
    this.#writes.detach();
  }

  #isNow(user: UserInfo | null): void {
    this.user = user;
    this.#writes.userIs(user && (user.uid ?? ADMIN));
    this.#userListeners.tell(user);
  }
}
