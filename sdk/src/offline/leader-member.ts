import type { Connection, ListenHandler, ListenTarget } from '../link/connection.js';
import { ClosedError } from '../link/refused-error.js';
import type { WireWrite } from '../link/write.js';
import type { LeftBehind } from './left-behind.js';
import { plainErrorOf } from './plain-error.js';
import type { Outcome, ToLeader, ToMember } from './tab-message.js';

export interface LeaderMemberOptions {
  readonly connection: Connection;
  readonly send: (message: ToMember) => void;
  readonly leftBehind: LeftBehind<LeaderMember>;
}

type Request = Extract<ToLeader, { kind: 'listen' | 'unlisten' | 'write' | 'abort' | 'token' }>;

/** What the leader keeps of one member. */
export class LeaderMember {
  hasToken = false;
  readonly #options: LeaderMemberOptions;
  readonly #listens = new Map<number, () => void>();
  readonly #writes = new Map<number, AbortController>();
  readonly #asked = new Map<number, (outcome: Outcome<string | null> | null) => void>();
  #lastAsked = 0;
  /** Has left, or the leader has stopped: nothing is sent any more. */
  #silent = false;

  constructor(options: LeaderMemberOptions) {
    this.#options = options;
  }

  send(message: ToMember): void {
    if (!this.#silent) this.#options.send(message);
  }

  receive(message: Request): void {
    if (message.kind === 'listen') this.#listen(message.id, message.target, message.resume);
    else if (message.kind === 'unlisten') this.#unlisten(message.id);
    else if (message.kind === 'write') void this.#write(message.id, message.write);
    else if (message.kind === 'abort') this.#writes.get(message.id)?.abort();
    else this.#answer(message.id, message.outcome);
  }

  /** Asks the member for a token; null if it leaves before it answers. */
  askToken(): Promise<Outcome<string | null> | null> {
    if (this.#silent) return Promise.resolve(null);
    const id = ++this.#lastAsked;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.send({ kind: 'ask-token', id });
    });
  }

  leave(): void {
    this.#silent = true;
    for (const stop of this.#listens.values()) stop();
    for (const id of [...this.#asked.keys()]) this.#answer(id, null);
    this.#options.leftBehind.carryOut(this);
  }

  /** The leader stops: what happens to the connection from now on is none of the member's business. */
  mute(): void {
    this.#silent = true;
    for (const id of [...this.#asked.keys()]) this.#answer(id, { ok: true, value: null });
  }

  #listen(id: number, target: ListenTarget, resume: string | null): void {
    let resumePoint = resume;
    const handler: ListenHandler = {
      event: (event) => {
        resumePoint = `${event.epoch}:${event.revision}`;
        this.send({ kind: 'event', id, event });
      },
      refused: (error) => {
        this.#listens.delete(id);
        this.send({ kind: 'refused', id, error: plainErrorOf(error) });
      },
      resumePoint: () => resumePoint,
    };
    this.#listens.set(id, this.#options.connection.listen(target, handler));
  }

  #unlisten(id: number): void {
    this.#listens.get(id)?.();
    this.#listens.delete(id);
  }

  async #write(id: number, write: WireWrite): Promise<void> {
    const { connection, leftBehind } = this.#options;
    const controller = new AbortController();
    this.#writes.set(id, controller);
    if (write.onDisconnect !== undefined) leftBehind.note(this, write);
    try {
      const ack = await connection.write(write, controller.signal);
      this.send({ kind: 'written', id, outcome: { ok: true, value: ack } });
    } catch (error) {
      if (error instanceof ClosedError) return;
      leftBehind.refused(write);
      this.send({ kind: 'written', id, outcome: { ok: false, error: plainErrorOf(error) } });
    } finally {
      this.#writes.delete(id);
    }
  }

  #answer(id: number, outcome: Outcome<string | null> | null): void {
    this.#asked.get(id)?.(outcome);
    this.#asked.delete(id);
  }
}
