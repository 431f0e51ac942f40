import type { Json } from '../json-tree.js';
import { type Clock, clockOf } from './clock.js';
import type { Condition, History, SeenState, SentWrite } from './history.js';
import type { Problems } from './problems.js';
import type { PlacedCommit } from './replay.js';
import { canonical, State } from './state.js';

/**
 * Checks the order against real time: what was sent after something was known comes after it; reads tell what was acknowledged before
 * them; and a conditional write is refused only if its condition did not hold at some moment between its sending and its refusal.
 */
export function checkRealTime(history: History, commits: readonly PlacedCommit[], problems: Problems): void {
  const placed = commits.flatMap(({ revision, write }) =>
    write === null ? [] : [{ revision, sentAt: write.sentAt, write }],
  );
  const clock = clockOf(history, placed);
  for (const { revision, sentAt, write } of placed) {
    const known = clock.knownBefore(sentAt);
    if (known >= revision)
      problems.add(`${write.write.id} is revision ${revision}, and was sent after ${known} was known`);
  }
  for (const read of [...history.reads, ...history.final]) checkRead(read, clock, problems);
  const past = new Past(history.base.value, commits);
  for (const write of history.writes) {
    if (write.answer?.kind === 'refused') checkRefusal(write, { clock, past, problems });
  }
}

function checkRead(
  { node, path, revision, sentAt, endedAt, stale }: SeenState,
  clock: Clock,
  problems: Problems,
): void {
  const [known, possible] = [clock.knownBefore(sentAt), clock.possibleAt(endedAt)];
  if (revision < known && !stale) problems.add(`${node} told ${path} at ${revision} after ${known} was known`);
  if (revision > possible) problems.add(`${node} told ${path} at ${revision}, of writes that were not yet sent`);
}

/** What stood at each path, and since when. */
class Past {
  readonly #base: State;
  readonly #values = new Map<string, { revision: number; value: Json }[]>();

  constructor(base: Json, commits: readonly PlacedCommit[]) {
    this.#base = new State(base);
    for (const { revision, changes } of commits) {
      for (const [path, value] of changes) {
        const values = this.#values.get(path) ?? [];
        values.push({ revision, value });
        this.#values.set(path, values);
      }
    }
  }

  /** Whether there was a revision from `first` to `last` at which the condition did not hold. */
  couldFail(condition: Condition, first: number, last: number): boolean {
    const values = [{ revision: 0, value: this.#base.at(condition.path) }, ...(this.#values.get(condition.path) ?? [])];
    if ('revision' in condition) {
      return values.some(({ revision }) => revision > condition.revision && revision <= last);
    }
    const wanted = canonical(condition.value);
    return values.some(({ revision, value }, index) => {
      const until = (values[index + 1]?.revision ?? Number.POSITIVE_INFINITY) - 1;
      return revision <= last && until >= first && canonical(value) !== wanted;
    });
  }
}

function checkRefusal(sent: SentWrite, by: { clock: Clock; past: Past; problems: Problems }): void {
  const { answer, write, sentAt, endedAt } = sent;
  if (answer?.kind !== 'refused' || answer.code !== 'precondition-failed') return;
  const [first, last] = [by.clock.knownBefore(sentAt), by.clock.possibleAt(endedAt)];
  if (write.conditions.some((condition) => by.past.couldFail(condition, first, last))) return;
  by.problems.add(`${write.id} was refused although ${JSON.stringify(write.conditions)} held from ${first} to ${last}`);
}
