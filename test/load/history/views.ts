import type { HeardListen, History, SeenEvent, SeenState } from './history.js';
import { changesOfEvent } from './order.js';
import type { Problems } from './problems.js';
import type { PlacedCommit } from './replay.js';
import { canonical, overlap, State } from './state.js';

/** Checks that what was seen at a revision is the state of the one order at that revision, and that listeners missed nothing. */
export function checkViews(history: History, commits: readonly PlacedCommit[], problems: Problems): void {
  const looks = new Map<number, ((state: State) => void)[]>();
  const lookAt = (revision: number, look: (state: State) => void): void => {
    const others = looks.get(revision);
    if (others) others.push(look);
    else looks.set(revision, [look]);
  };
  for (const read of [...history.reads, ...history.final])
    lookAt(read.revision, (state) => compare(read, state, problems));
  for (const listen of history.listens) {
    const view = new View(listen, commits, problems);
    for (const event of view.inOrder(history)) lookAt(event.revision, (state) => view.take(event, state));
  }
  const state = new State(history.base.value);
  const visit = (revision: number): void => {
    for (const look of looks.get(revision) ?? []) look(state);
    looks.delete(revision);
  };
  visit(history.base.revision);
  for (const { revision, changes } of commits) {
    state.apply(changes);
    visit(revision);
  }
  for (const revision of looks.keys())
    problems.add(`something was seen at revision ${revision}, which is not in the order`);
}

function compare({ node, path, revision, value }: SeenState, state: State, problems: Problems): void {
  const [seen, right] = [canonical(value), canonical(state.at(path))];
  if (seen !== right) problems.add(`${node} told ${path} at revision ${revision} as ${seen} and not as ${right}`);
}

/** What one listener knows, from its events alone. */
class View {
  readonly #listen: HeardListen;
  readonly #problems: Problems;
  readonly #known = new State();
  /** The revisions that touch what it listens to. */
  readonly #touching: readonly number[];
  #lied = false;

  constructor(listen: HeardListen, commits: readonly PlacedCommit[], problems: Problems) {
    this.#listen = listen;
    this.#problems = problems;
    const touches = ({ changes }: PlacedCommit): boolean =>
      [...changes.keys()].some((path) => overlap(path, listen.path));
    this.#touching = commits.filter(touches).map(({ revision }) => revision);
  }

  /** The events up to the first that is out of order; each that follows another over a commit that it should have told is a problem. */
  inOrder({ base, final }: History): readonly SeenEvent[] {
    const { events } = this.#listen;
    const sound: SeenEvent[] = [];
    for (const event of events) {
      if (event.epoch !== base.epoch) return this.#stop(sound, `was told of the history ${event.epoch}`);
      const before = sound.at(-1);
      if (before !== undefined && !this.#follows(event, before)) return sound;
      sound.push(event);
    }
    const end = Math.min(...final.map(({ revision }) => revision));
    const missed = this.#touchedAfter(sound.at(-1)?.revision ?? 0);
    if (missed <= end) this.#stop(sound, `was never told of revision ${missed}`);
    return sound;
  }

  #follows(event: SeenEvent, before: SeenEvent): boolean {
    const { revision } = event;
    const mayStay = event.first && (event.resumed !== true || tellsNothing(event));
    if (revision < before.revision || (revision === before.revision && !mayStay)) {
      this.#stop([], `got revision ${revision} after ${before.revision}`);
      return false;
    }
    if (event.first && event.resumed !== true) return true;
    const last = tellsNothing(event) ? revision : revision - 1;
    const missed = this.#touchedAfter(before.revision);
    if (missed <= last) this.#stop([], `got revision ${revision} after ${before.revision}, and never ${missed}`);
    return true;
  }

  /** The first revision above this one that touches what it listens to; infinite if there is none. */
  #touchedAfter(revision: number): number {
    let [low, high] = [0, this.#touching.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#touching[middle]! <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#touching[low] ?? Number.POSITIVE_INFINITY;
  }

  #stop(sound: readonly SeenEvent[], problem: string): readonly SeenEvent[] {
    this.#problems.add(`listener ${this.#listen.listener} of ${this.#listen.path} ${problem}`);
    return sound;
  }

  /** Applies the event and compares; the first difference tells all. */
  take(event: SeenEvent, state: State): void {
    if (event.first && event.resumed !== true) this.#known.put(this.#listen.path, event.body);
    else this.#known.apply(changesOfEvent(event));
    if (this.#lied) return;
    const [known, right] = [this.#known, state].map((tree) => canonical(tree.at(this.#listen.path)));
    if (known === right) return;
    this.#lied = true;
    this.#stop([], `knows ${known} at revision ${event.revision} (from ${event.node}), and there is ${right}`);
  }
}

/** The first event of a resumed listen that is up to date: an empty patch. */
function tellsNothing({ first, kind, body }: SeenEvent): boolean {
  return first && kind === 'patch' && Object.keys(body as object).length === 0;
}
