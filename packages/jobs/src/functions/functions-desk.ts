import type { PrivateTree } from '@backside/auth';
import { DeadLetters, type LetterName } from './dead-letters.js';
import type { Trigger } from './define.js';
import type { FunctionDeadLetter } from './options.js';
import { PLACES } from './places.js';
import type { Known } from './registry.js';
import type { StoredTries } from './stored-event.js';

/** Counting ends here. */
const MAX_COUNT = 10_000;
/** What `Lease` appends to the name of a process. */
const TERM = /-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A function and what waits for it. Counts end at 10,000. */
export interface FunctionReport {
  /** `FILE:EXPORT`. */
  readonly name: string;
  readonly trigger: Trigger;
  /** Events that are recorded and not done; those that run and those that failed included. */
  readonly pending: number;
  /** Events that failed and are tried again. */
  readonly failing: number;
  /** What one of these failed with; null if there is none. */
  readonly error: string | null;
  readonly dead: number;
  /** Of a schedule: the last time that it fired for, or since when it is known, in milliseconds since the epoch; else null. */
  readonly fired: number | null;
}

/** The functions of a database. */
export interface FunctionsReport {
  /** The process that runs them; null while none does. */
  readonly node: string | null;
  /** Commits up to here are recorded as events, and those that concern no function may be counted only by the thousand. Null at first. */
  readonly revision: number | null;
  readonly functions: readonly FunctionReport[];
}

/** What admins see of the functions of a database, and do to them, on any node that shares it, whichever one runs them. */
export interface FunctionsDesk {
  report(): Promise<FunctionsReport>;
  /** Newest first, `limit` at most; of one function, or of all. */
  dead(filter: { readonly function?: string; readonly limit: number }): Promise<FunctionDeadLetter[]>;
  /**
   * Has a dead letter run again, from its first try, as soon as a node runs the functions; what its earlier tries wrote is not written
   * again. False if there is none. Rejects with `precondition-failed` if its function is gone, or its values were too large to be kept.
   */
  retry(letter: LetterName): Promise<boolean>;
  /** Forgets a dead letter. False if there is none. */
  drop(letter: LetterName): Promise<boolean>;
}

/** @param tree the part of the private tree that is for functions alone, as `createFunctions` has it. */
export function createFunctionsDesk(tree: PrivateTree): FunctionsDesk {
  const letters = new DeadLetters(tree);
  return {
    report: async () => {
      await tree.refresh();
      return reportOf(tree);
    },
    dead: async ({ function: name, limit }) => {
      await tree.refresh();
      return letters.list(limit, name);
    },
    retry: (letter) => letters.retry(letter),
    drop: (letter) => letters.drop(letter),
  };
}

function reportOf(tree: PrivateTree): FunctionsReport {
  const holder = tree.read(PLACES.holder);
  const position = tree.read(PLACES.position);
  return {
    node: typeof holder === 'string' ? holder.replace(TERM, '') : null,
    revision: typeof position === 'string' ? (JSON.parse(position) as { revision: number }).revision : null,
    functions: tree.keys(PLACES.known).flatMap((name) => functionReport(tree, name)),
  };
}

function functionReport(tree: PrivateTree, name: string): FunctionReport[] {
  const known = tree.read(PLACES.knownOf(name));
  // It may be gone by now.
  if (typeof known !== 'string') return [];
  const count = (...path: string[]): number => tree.keys(path, { limit: MAX_COUNT }).length;
  const [failed] = tree.keys(PLACES.triesOf(name), { limit: 1 });
  const tries = failed === undefined ? null : tree.read(PLACES.tries(name, failed));
  const fired = tree.read(PLACES.fired(name));
  return [
    {
      name,
      trigger: (JSON.parse(known) as Known).trigger,
      pending: count(...PLACES.pendingOf(name)),
      failing: count(...PLACES.triesOf(name)),
      error: typeof tries === 'string' ? (JSON.parse(tries) as StoredTries).reason : null,
      dead: count(...PLACES.deadOf(name)),
      fired: typeof fired === 'number' ? fired : null,
    },
  ];
}
