import { setTimeout as sleep } from 'node:timers/promises';
import { Session, SessionEnded } from './session.js';

/** What a writer may find when it looks at its own data: written for sure, or perhaps. */
export interface Known {
  /** The last number whose write was acknowledged as durable. */
  acknowledged: number;
  /** The last number that was sent. */
  sent: number;
  /** How many writes were acknowledged; numbers whose fate is unknown are not among them. */
  count: number;
}

/** One connection that writes rising numbers, one write at a time, and reconnects whenever its connection ends. */
export abstract class Writer {
  readonly name: string;
  readonly known: Known = { acknowledged: 0, sent: 0, count: 0 };
  /** The revision of the last acknowledged write. */
  revision = 0;
  #stopped = false;

  constructor(name: string) {
    this.name = name;
  }

  /** Writes number `n` durably; resolves with the revision of the acknowledgement. */
  protected abstract write(session: Session, n: number): Promise<number>;

  /** Writes until `stop`. `port` is asked anew for each connection. Rejects if an acknowledgement goes back in revisions. */
  async run(port: () => number): Promise<void> {
    while (!this.#stopped) {
      const session = await openPatiently(port, () => this.#stopped);
      if (session === null) return;
      try {
        while (!this.#stopped) await this.#writeNext(session);
      } catch (error) {
        if (!(error instanceof SessionEnded)) throw error;
      } finally {
        session.destroy();
      }
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #writeNext(session: Session): Promise<void> {
    this.known.sent += 1;
    const { sent } = this.known;
    const revision = await this.write(session, sent);
    if (!(revision > this.revision)) {
      throw new Error(`${this.name}: write ${sent} was acknowledged at revision ${revision} after ${this.revision}`);
    }
    this.revision = revision;
    this.known.acknowledged = sent;
    this.known.count += 1;
  }
}

/** A session, or null if `isStopped` before the server was there again. */
export async function openPatiently(port: () => number, isStopped: () => boolean): Promise<Session | null> {
  while (!isStopped()) {
    try {
      return await Session.open(port());
    } catch (error) {
      if (!(error instanceof SessionEnded)) throw error;
      await sleep(10);
    }
  }
  return null;
}

/** Sets one path. */
export class SingleWriter extends Writer {
  protected async write(session: Session, n: number): Promise<number> {
    const receipt = await session.request('SEND', { destination: `/single/${this.name}` }, String(n));
    return Number(receipt.headers.get('revision'));
  }
}

/** Sets two paths, far from each other, in one transaction: whoever sees them different saw half a commit. */
export class PairWriter extends Writer {
  protected async write(session: Session, n: number): Promise<number> {
    const transaction = `t${n}`;
    session.write('BEGIN', { transaction });
    session.write('SEND', { destination: `/left/${this.name}`, transaction }, String(n));
    session.write('SEND', { destination: `/right/${this.name}`, transaction }, String(n));
    const receipt = await session.request('COMMIT', { transaction });
    return Number(receipt.headers.get('revision'));
  }
}

/** Pushes, and remembers under which path each acknowledged number went. */
export class PushWriter extends Writer {
  readonly pushed: Map<string, number> = new Map();

  protected async write(session: Session, n: number): Promise<number> {
    const receipt = await session.request('SEND', { destination: `/log/${this.name}`, method: 'push' }, String(n));
    const path = receipt.headers.get('destination');
    if (path === undefined) throw new Error(`the receipt of a push names no path: ${receipt.lines.join(' | ')}`);
    this.pushed.set(path, n);
    return Number(receipt.headers.get('revision'));
  }
}
