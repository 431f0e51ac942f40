import { isPrefix, type Path } from '@backside/tree';
import type { Environment } from '../link/environment.js';
import { ClosedError } from '../link/refused-error.js';
import type { WireAck, WireStep, WireWrite } from '../link/write.js';
import type { Warn } from './sync-store.js';

export interface LeftBehindOptions {
  readonly write: (write: WireWrite) => Promise<WireAck>;
  readonly environment: Pick<Environment, 'setTimeout' | 'clearTimeout'>;
  readonly warn: Warn;
}

interface Left<Member> {
  readonly member: Member;
  readonly write: WireWrite;
  readonly step: WireStep;
}

/**
 * What the members of a group have left for the end of the connection that they share. It may well go on when one of them ends:
 * then the leader makes that member's writes, each after its grace time, and takes them back from the server. Should the leader
 * end first, the server makes them.
 */
export class LeftBehind<Member> {
  readonly #options: LeftBehindOptions;
  #left: Left<Member>[] = [];
  /** Of the grace times that run, what ends them. */
  readonly #waits = new Set<unknown>();

  constructor(options: LeftBehindOptions) {
    this.#options = options;
  }

  /** As the server does: what is set, removed or cancelled takes the place of what was left at and below its path. */
  note(member: Member, write: WireWrite): void {
    for (const step of write.steps) {
      if (write.onDisconnect !== 'update') this.#takeBack(step.path);
      if (write.onDisconnect !== 'cancel') this.#left.push({ member, write, step });
    }
  }

  refused(write: WireWrite): void {
    this.#left = this.#left.filter((left) => left.write !== write);
  }

  /** The connection has ended: the server makes what was left. */
  forget(): void {
    this.#left = [];
    for (const wait of this.#waits) this.#options.environment.clearTimeout(wait);
    this.#waits.clear();
  }

  /** The member has ended. */
  carryOut(member: Member): void {
    for (const left of this.#left.filter((other) => other.member === member)) {
      const wait = this.#options.environment.setTimeout(() => {
        this.#waits.delete(wait);
        this.#make(left).catch((cause: unknown) => this.#failed(left, cause));
      }, left.write.graceMs ?? 0);
      this.#waits.add(wait);
    }
  }

  async #make(left: Left<Member>): Promise<void> {
    if (!this.#left.includes(left)) return;
    const { write, step } = left;
    const others = this.#left.filter((other) => other !== left && isPrefix(step.path, other.step.path));
    this.#left = this.#left.filter((other) => other !== left);
    const made = this.#send({ steps: [step], ackLevel: write.ackLevel });
    const cancelled = this.#send({ steps: [step], ackLevel: write.ackLevel, onDisconnect: 'cancel' });
    const again = others.map((other) => this.#send({ ...other.write, steps: [other.step] }));
    await Promise.all([made, cancelled, ...again]);
  }

  #send(write: Omit<WireWrite, 'key'>): Promise<WireAck> {
    return this.#options.write({ ...write, key: crypto.randomUUID() });
  }

  #failed({ step }: Left<Member>, cause: unknown): void {
    if (cause instanceof ClosedError) return;
    this.#options.warn(`what an ended tab left at ${step.path.join('/')} could not be made`, cause);
  }

  #takeBack(path: Path): void {
    this.#left = this.#left.filter(({ step }) => !isPrefix(path, step.path));
  }
}
