import { EventEmitter } from 'node:events';
import type { Notifier } from '@backside/notifier';
import { type Logger, toBacksideError } from '@backside/protocol';
import { type IpcMessage, makeMessage } from './ipc-message.js';
import { channelTopic, publishText, textOf } from './notified-text.js';

const DEFAULT_TIMEOUT_MS = 5_000;
/** More messages than this wait for no answer; further ones get none. */
const MAX_WAITING = 10_000;

type IpcHandler = (message: IpcMessage) => void;

export interface IpcOptions {
  readonly notifier: Notifier;
  /** Names this process to the others. */
  readonly nodeId: string;
  /** What channels that begin with `:` belong to; `bkjs` makes `bkjs:worker` of `:worker`. */
  readonly appName: string;
  /** The roles of this process; it hears what is broadcast to `APP:ROLE` of each. */
  readonly roles: readonly string[];
  readonly logger: Logger;
}

/** An operation's own answer to `sendMsg`; null for none. */
type IpcAnswerer = (message: IpcMessage) => Readonly<Record<string, unknown>> | null;

/**
 * What modules tell each other, in this process and in all others of all nodes. A message is a hint: between processes it may be lost,
 * and it reaches those that listen at the time.
 */
export interface Ipc {
  /** See `makeMessage`. */
  newMsg(op: unknown, message?: unknown): IpcMessage;
  /** Tells the listeners of this process; an empty operation does nothing. */
  emitMsg(op: string, message?: unknown): void;
  /**
   * Asks the process that answers the operation: this one if it does, else any other that does. Resolves with the answer, or null if none
   * came within `timeoutMs` (default 5,000).
   */
  sendMsg(op: string, message?: unknown, options?: { readonly timeoutMs?: number }): Promise<IpcMessage | null>;
  /** Tells every process that listens to the channel, also this one. */
  broadcast(channel: string, message: unknown): void;
  /** Hears what is broadcast there, from every process, until the returned function is called. Rejects with `unavailable`. */
  subscribe(channel: string, handler: IpcHandler): Promise<() => Promise<void>>;
  /** Hears operations: emitted here, or broadcast to a role of this process. `*` hears all. Must not throw. */
  on(op: string, handler: IpcHandler): () => void;
  /** Sets who answers an operation in this process; a later one replaces it. */
  answer(op: string, answerer: IpcAnswerer): void;
  close(): Promise<void>;
}

/** Opens it and begins to listen to the channels of its roles. Rejects with `unavailable` if the notifier is closed. */
export async function openIpc(options: IpcOptions): Promise<Ipc> {
  const ipc = new NotifierIpc(options);
  await ipc.open();
  return ipc;
}

const ANY = '*';

class NotifierIpc implements Ipc {
  readonly #options: IpcOptions;
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #answerers = new Map<string, IpcAnswerer>();
  readonly #waiting = new Map<number, (answer: IpcMessage | null) => void>();
  readonly #channels = new Map<string, Set<IpcHandler>>();
  readonly #ends: (() => Promise<void>)[] = [];
  #id = 0;

  constructor(options: IpcOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { appName, roles, nodeId } = this.#options;
    const hear: IpcHandler = (message) => this.#emit(message);
    for (const role of roles) this.#ends.push(await this.subscribe(`${appName}:${role}`, hear));
    this.#ends.push(await this.subscribe(`${appName}:ask`, (message) => this.#asked(message)));
    this.#ends.push(await this.subscribe(`${appName}:answer:${nodeId}`, (message) => this.#answered(message)));
  }

  newMsg(op: unknown, message?: unknown): IpcMessage {
    return makeMessage(op, message, () => ++this.#id);
  }

  emitMsg(op: string, message?: unknown): void {
    if (op !== '') this.#emit(this.newMsg(op, message));
  }

  async sendMsg(op: string, message?: unknown, options: { timeoutMs?: number } = {}): Promise<IpcMessage | null> {
    const asked = this.newMsg(op, message);
    const answer = this.#answers(asked);
    if (answer !== null) return answer;
    if (this.#waiting.size >= MAX_WAITING) return null;
    const { appName, nodeId } = this.#options;
    return new Promise((resolve) => {
      const finish = (answered: IpcMessage | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(asked.__msgid);
        resolve(answered);
      };
      const timer = setTimeout(finish, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, null);
      this.#waiting.set(asked.__msgid, finish);
      this.#publish(`${appName}:ask`, { ...asked, __from: nodeId });
    });
  }

  broadcast(channel: string, message: unknown): void {
    const full = this.#channelOf(channel);
    const told = this.newMsg(message);
    this.#publish(full, told);
    queueMicrotask(() => this.#deliver(full, told));
  }

  async subscribe(channel: string, handler: IpcHandler): Promise<() => Promise<void>> {
    const full = this.#channelOf(channel);
    const own: IpcHandler = (message) => handler(message);
    const { notifier, nodeId } = this.#options;
    const end = await notifier.subscribe(channelTopic(full), ({ commits }) => {
      for (const commit of commits) if (commit.origin !== nodeId) this.#hear(own, textOf(commit));
    });
    this.#channels.set(full, (this.#channels.get(full) ?? new Set()).add(own));
    return async () => {
      const handlers = this.#channels.get(full);
      handlers?.delete(own);
      if (handlers?.size === 0) this.#channels.delete(full);
      await end();
    };
  }

  on(op: string, handler: IpcHandler): () => void {
    this.#emitter.on(op, handler);
    return () => this.#emitter.off(op, handler);
  }

  answer(op: string, answerer: IpcAnswerer): void {
    this.#answerers.set(op, answerer);
  }

  async close(): Promise<void> {
    for (const finish of [...this.#waiting.values()]) finish(null);
    await Promise.all(this.#ends.splice(0).map((end) => end()));
    this.#channels.clear();
    this.#emitter.removeAllListeners();
  }

  #channelOf(channel: string): string {
    return channel.startsWith(':') ? `${this.#options.appName}${channel}` : channel;
  }

  #publish(channel: string, message: IpcMessage | Readonly<Record<string, unknown>>): void {
    const { notifier, nodeId: origin } = this.#options;
    publishText(notifier, { channel, origin }, JSON.stringify(message));
  }

  #deliver(channel: string, message: IpcMessage): void {
    for (const handler of this.#channels.get(channel) ?? []) handler(message);
  }

  /** What comes from other processes may be anything. */
  #hear(handler: IpcHandler, text: string | null): void {
    if (text === null) return;
    try {
      handler(this.newMsg(text));
    } catch (error) {
      this.#options.logger.warn({ err: toBacksideError(error) }, 'a message of another process makes no sense');
    }
  }

  #emit(message: IpcMessage): void {
    // Emitters throw for `error`, as any sender may call an operation, if nobody listens to it.
    if (this.#emitter.listenerCount(message.__op) > 0) this.#emitter.emit(message.__op, message);
    if (message.__op !== ANY) this.#emitter.emit(ANY, message);
  }

  #answers(message: IpcMessage): IpcMessage | null {
    const answer = this.#answerers.get(message.__op)?.(message) ?? null;
    return answer === null ? null : { ...answer, __op: message.__op, __msgid: message.__msgid };
  }

  #asked(message: IpcMessage): void {
    const answer = this.#answers(message);
    if (answer !== null) this.#publish(`${this.#options.appName}:answer:${String(message.__from)}`, answer);
  }

  #answered(message: IpcMessage): void {
    this.#waiting.get(message.__msgid)?.(message);
  }
}
