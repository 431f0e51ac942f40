import type { Json } from '../json-tree.js';
import type { Condition, History, SentWrite } from './history.js';
import { describe, type Traces, tracesOf } from './order.js';
import type { Problems } from './problems.js';
import { type Changes, canonical, State } from './state.js';

/** A commit of the one order. */
export interface PlacedCommit {
  readonly revision: number;
  readonly changes: Changes;
  /** The write that it is; null if it is nobody's. */
  readonly write: SentWrite | null;
}

/**
 * Puts all writes in the order that their revisions say, and makes them again, one by one, in a state of its own. Finds what is doubled,
 * torn, refused but there, or there although its condition did not hold. Ends at the first revision that nobody knows.
 */
export function replay(history: History, problems: Problems): PlacedCommit[] {
  return new Replay(history, problems).run();
}

class Replay {
  readonly #history: History;
  readonly #problems: Problems;
  readonly #writes: ReadonlyMap<string, SentWrite>;
  readonly #state: State;
  /** The revision that last set a path. */
  readonly #changed = new Map<string, number>();
  readonly #placed = new Map<SentWrite, number>();

  constructor(history: History, problems: Problems) {
    this.#history = history;
    this.#problems = problems;
    this.#writes = new Map(history.writes.map((write) => [write.write.id, write]));
    this.#state = new State(history.base.value);
  }

  run(): PlacedCommit[] {
    const traces = tracesOf(this.#history, this.#problems);
    const head = Math.max(this.#history.base.revision, ...traces.keys());
    const commits: PlacedCommit[] = [];
    for (let revision = this.#history.base.revision + 1; revision <= head; revision += 1) {
      const known = traces.get(revision);
      if (known === undefined) {
        this.#problems.add(`nobody knows what revision ${revision} of ${head} is`);
        break;
      }
      commits.push(this.#place(revision, known));
    }
    return commits;
  }

  #place(revision: number, { acknowledged, seen }: Traces): PlacedCommit {
    const write = seen === undefined ? acknowledged! : this.#authorOf(seen.changes);
    if (acknowledged !== undefined && write !== acknowledged) {
      this.#problems.add(
        `lost: ${acknowledged.write.id} was acknowledged with revision ${revision}, which is ${describe(seen!.changes)}`,
      );
    }
    const changes =
      write === null ? this.#nobodys(revision, seen!.changes) : this.#make(revision, write, seen?.changes);
    this.#state.apply(changes);
    for (const path of changes.keys()) this.#changed.set(path, revision);
    return { revision, changes, write };
  }

  #nobodys(revision: number, changes: Changes): Changes {
    this.#problems.add(`revision ${revision} is of no write that was sent: ${describe(changes)}`);
    return changes;
  }

  #make(revision: number, sent: SentWrite, seen: Changes | undefined): Changes {
    this.#assertMayBeHere(revision, sent);
    this.#placed.set(sent, revision);
    const { write } = sent;
    for (const condition of write.conditions) {
      if (!this.#holds(condition)) {
        this.#problems.add(`${write.id} was made at ${revision} although ${JSON.stringify(condition)} did not hold`);
      }
    }
    const wanted = changesOf(sent, this.#state);
    if (seen === undefined || this.#effect(seen) === this.#effect(wanted)) return wanted;
    this.#problems.add(`revision ${revision} should be ${describe(wanted)} (${write.id}) and is ${describe(seen)}`);
    return seen;
  }

  #assertMayBeHere(revision: number, sent: SentWrite): void {
    const { answer, write } = sent;
    const before = this.#placed.get(sent);
    if (before !== undefined) this.#problems.add(`doubled: ${write.id} is revision ${before} and ${revision}`);
    if (answer?.kind === 'refused') {
      this.#problems.add(`refused but there: ${write.id} (${answer.code}) is revision ${revision}`);
    }
    if (answer?.kind === 'acknowledged' && answer.revision !== revision) {
      this.#problems.add(`${write.id} was acknowledged with revision ${answer.revision} and is ${revision}`);
    }
  }

  /** The write whose value, or whose amount, is among the changes. */
  #authorOf(changes: Changes): SentWrite | null {
    for (const [path, value] of changes) {
      const id = typeof value === 'number' ? `w${value - numberAt(this.#state, path)}` : value;
      const write = typeof id === 'string' ? this.#writes.get(id) : undefined;
      if (write !== undefined) return write;
    }
    return null;
  }

  #holds(condition: Condition): boolean {
    if ('revision' in condition) return (this.#changed.get(condition.path) ?? 0) <= condition.revision;
    return canonical(this.#state.at(condition.path)) === canonical(condition.value);
  }

  /** What really changes: setting what is there already does not. */
  #effect(changes: Changes): string {
    const real = [...changes].filter(([path, value]) => canonical(this.#state.at(path)) !== canonical(value));
    return describe(new Map(real));
  }
}

/** What a write sets in this state. */
function changesOf({ write }: SentWrite, state: State): Changes {
  return new Map<string, Json>(
    write.steps.map((step) =>
      'increment' in step ? [step.path, numberAt(state, step.path) + step.increment] : [step.path, step.value],
    ),
  );
}

function numberAt(state: State, path: string): number {
  const value = state.at(path);
  return typeof value === 'number' ? value : 0;
}
