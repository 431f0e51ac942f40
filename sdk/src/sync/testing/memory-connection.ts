import type { Connection, ListenHandler, ListenTarget, Status, UserInfo } from '../../link/connection.js';
import type { WireAck, WireWrite } from '../../link/write.js';
import { type Answer, MemoryServer } from './memory-server.js';

/** A connection to a server in memory. What goes either way waits until it is let through, one by one, in its order. */
export class MemoryConnection implements Connection {
  status: Status = 'online';
  readonly epoch = 'epoch-1';
  readonly serverTimeOffset = 0;
  user: UserInfo | null = null;
  readonly lastError = null;
  readonly server: MemoryServer;
  readonly #up: (() => void)[] = [];
  readonly #down: (() => void)[] = [];
  readonly #answers = new WeakSet<() => void>();

  constructor(server: MemoryServer = new MemoryServer()) {
    this.server = server;
  }

  /** How many subscriptions the server holds for this connection. */
  readonly targets: Set<ListenTarget> = new Set();

  readonly #statusListeners = new Set<(status: Status) => void>();

  onStatus(listener: (status: Status) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Tells that the connection is gone, or there again; what is under way stays so. */
  turnTo(status: Status): void {
    this.status = status;
    for (const listener of this.#statusListeners) listener(status);
  }

  readonly #userListeners = new Set<(user: UserInfo | null) => void>();

  onUser(listener: (user: UserInfo | null) => void): () => void {
    this.#userListeners.add(listener);
    return () => this.#userListeners.delete(listener);
  }

  /** The server says whom it takes this client for. */
  become(uid: string | null): void {
    this.user = uid === null ? null : { uid };
    for (const listener of this.#userListeners) listener(this.user);
  }

  listen(target: ListenTarget, handler: ListenHandler): () => void {
    let ended = false;
    let end = (): void => {};
    this.targets.add(target);
    this.#up.push(() => {
      if (ended) return;
      end = this.server.listen({
        target,
        deliver: (event) =>
          this.#down.push(() => {
            if (!ended) handler.event(event);
          }),
      });
    });
    return () => {
      ended = true;
      this.targets.delete(target);
      end();
    };
  }

  write(write: WireWrite): Promise<WireAck> {
    return new Promise((resolve, reject) => {
      const settle = (given: Answer) => (): void => ('ack' in given ? resolve(given.ack) : reject(given.refusal));
      const early = (given: Answer): void => this.#answerEarly(settle(given));
      const late = (given: Answer): void => this.#answer(settle(given), this.#down.length);
      this.#up.push(() => this.server.write(write, early, late));
    });
  }

  /** Ahead of all events that wait, but behind the answers before it. */
  #answerEarly(settle: () => void): void {
    this.#answer(settle, this.#down.findLastIndex((waiting) => this.#answers.has(waiting)) + 1);
  }

  #answer(settle: () => void, index: number): void {
    this.#answers.add(settle);
    this.#down.splice(index, 0, settle);
  }

  async setToken(): Promise<void> {}
  goOffline(): void {}
  goOnline(): void {}
  close(): void {}

  /** Lets one thing through to the server. */
  sendOne(): boolean {
    const next = this.#up.shift();
    next?.();
    return next !== undefined;
  }

  /** Lets one thing through to the client. */
  async receiveOne(): Promise<boolean> {
    const next = this.#down.shift();
    next?.();
    await turn();
    return next !== undefined;
  }

  /** Lets everything through until nothing is left. */
  async settle(): Promise<void> {
    await turn();
    while (this.sendOne() || (await this.receiveOne())) await turn();
  }
}

/** Everything that promises have caused so far has happened. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
