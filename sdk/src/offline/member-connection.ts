import type { Connection, ListenHandler, ListenTarget, Status, UserInfo } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import { Listeners } from '../link/listeners.js';
import { ClosedError } from '../link/refused-error.js';
import type { WireAck, WireWrite } from '../link/write.js';
import { errorOf, outcomeOf, refusedErrorOf } from './plain-error.js';
import type { LinkState, Outcome, ToLeader, ToMember } from './tab-message.js';

type GetToken = () => Promise<string | null>;

/** What a member hears of its group. */
export interface GroupEvents {
  /** There is a leader, another one than before; null: there is none. Whatever was asked of an earlier one is to be asked again. */
  leader(send: ((message: ToLeader) => void) | null): void;
  message(message: ToMember): void;
}

/** The member's way into its group. */
export interface Group {
  enter(): void;
  leave(): void;
}

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

interface WaitingWrite extends Waiting<WireAck> {
  readonly write: WireWrite;
}

interface Listen {
  readonly target: ListenTarget;
  readonly handler: ListenHandler;
}

/** A `Connection` that has what is asked of it done by the leader of a group. */
export class MemberConnection implements Connection {
  readonly #group: Group;
  readonly #statusListeners: Listeners<Status>;
  readonly #userListeners: Listeners<UserInfo | null>;
  readonly #listens = new Map<number, Listen>();
  readonly #writes = new Map<number, WaitingWrite>();
  readonly #signIns = new Map<number, Waiting<void>>();
  #state: LinkState = { status: 'connecting', epoch: null, serverTimeOffset: 0, user: null, lastError: null };
  #getToken: GetToken | null = null;
  #send: ((message: ToLeader) => void) | null = null;
  #lastId = 0;
  #isOut = false;

  constructor({ report }: Pick<Environment, 'report'>, createGroup: (events: GroupEvents) => Group) {
    this.#statusListeners = new Listeners(report);
    this.#userListeners = new Listeners(report);
    this.#group = createGroup({
      leader: (send) => this.#follow(send),
      message: (message) => this.#receive(message),
    });
    this.#group.enter();
  }

  get status(): Status {
    return this.#state.status;
  }

  get epoch(): string | null {
    return this.#state.epoch;
  }

  get serverTimeOffset(): number {
    return this.#state.serverTimeOffset;
  }

  get user(): UserInfo | null {
    return this.#state.user;
  }

  get lastError(): Error | null {
    return this.#state.lastError && errorOf(this.#state.lastError);
  }

  onStatus(listener: (status: Status) => void): () => void {
    return this.#statusListeners.add(listener);
  }

  onUser(listener: (user: UserInfo | null) => void): () => void {
    return this.#userListeners.add(listener);
  }

  listen(target: ListenTarget, handler: ListenHandler): () => void {
    const id = ++this.#lastId;
    this.#listens.set(id, { target, handler });
    this.#send?.({ kind: 'listen', id, target, resume: handler.resumePoint() });
    return () => {
      if (this.#listens.delete(id)) this.#send?.({ kind: 'unlisten', id });
    };
  }

  write(write: WireWrite, signal?: AbortSignal): Promise<WireAck> {
    if (this.status === 'closed') return Promise.reject(new ClosedError());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = ++this.#lastId;
    return new Promise<WireAck>((resolve, reject) => {
      this.#writes.set(id, { write, resolve, reject });
      signal?.addEventListener('abort', () => this.#abort(id, signal), { once: true });
      this.#send?.({ kind: 'write', id, write });
    });
  }

  /** Resolves at once where there is no leader yet: then it begins with the token. */
  setToken(getToken: GetToken | null): Promise<void> {
    this.#getToken = getToken;
    const send = this.#send;
    if (send === null) return Promise.resolve();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#signIns.set(id, { resolve, reject });
      send({ kind: 'use-token', id, hasToken: getToken !== null });
    });
  }

  goOffline(): void {
    if (this.#isOut || this.status === 'closed') return;
    this.#isOut = true;
    this.#group.leave();
    this.#become({ ...this.#state, status: 'offline' });
  }

  goOnline(): void {
    if (this.status === 'closed') return;
    if (!this.#isOut) {
      this.#send?.({ kind: 'wake' });
      return;
    }
    this.#isOut = false;
    this.#become({ ...this.#state, status: 'connecting' });
    this.#group.enter();
  }

  close(): void {
    if (this.status === 'closed') return;
    this.#group.leave();
    this.#listens.clear();
    for (const { reject } of [...this.#writes.values(), ...this.#signIns.values()]) reject(new ClosedError());
    this.#writes.clear();
    this.#signIns.clear();
    this.#become({ ...this.#state, status: 'closed' });
  }

  #follow(send: ((message: ToLeader) => void) | null): void {
    this.#send = send;
    for (const { resolve } of this.#signIns.values()) resolve();
    this.#signIns.clear();
    if (send === null) return;
    if (this.status !== 'connecting') this.#become({ ...this.#state, status: 'connecting' });
    send({ kind: 'join', hasToken: this.#getToken !== null });
    for (const [id, { target, handler }] of this.#listens) {
      send({ kind: 'listen', id, target, resume: handler.resumePoint() });
    }
    for (const [id, { write }] of this.#writes) send({ kind: 'write', id, write });
  }

  #receive(message: ToMember): void {
    if (message.kind === 'event') this.#listens.get(message.id)?.handler.event(message.event);
    else if (message.kind === 'state') this.#become(message.state);
    else if (message.kind === 'written') settle(this.#writes, message.id, message.outcome);
    else if (message.kind === 'token-used') settle<void, null>(this.#signIns, message.id, message.outcome);
    else if (message.kind === 'ask-token') void this.#tellToken(message.id);
    else {
      const listen = this.#listens.get(message.id);
      this.#listens.delete(message.id);
      listen?.handler.refused(refusedErrorOf(message.error));
    }
  }

  async #tellToken(id: number): Promise<void> {
    const send = this.#send;
    const outcome = await outcomeOf(this.#getToken?.() ?? Promise.resolve(null));
    if (this.#send === send) send?.({ kind: 'token', id, outcome });
  }

  #abort(id: number, signal: AbortSignal): void {
    const waiting = this.#writes.get(id);
    if (waiting === undefined) return;
    this.#writes.delete(id);
    this.#send?.({ kind: 'abort', id });
    waiting.reject(signal.reason);
  }

  #become(state: LinkState): void {
    const before = this.#state;
    this.#state = state;
    if (JSON.stringify(before.user) !== JSON.stringify(state.user)) this.#userListeners.tell(state.user);
    if (before.status !== state.status) this.#statusListeners.tell(state.status);
  }
}

function settle<Value, Told extends Value | null>(
  all: Map<number, Waiting<Value>>,
  id: number,
  outcome: Outcome<Told>,
): void {
  const waiting = all.get(id);
  if (!all.delete(id)) return;
  if (outcome.ok) waiting?.resolve(outcome.value as Value);
  else waiting?.reject(errorOf(outcome.error));
}
