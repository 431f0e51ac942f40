import type { PrivateValue } from '@backside/auth';
import { BacksideError, Commit, type Logger } from '@backside/protocol';
import { type Change, isPrefix, nodesEqual, type Path, readNode } from '@backside/tree';
import type { DeadLetterBound } from './dead-letter-bound.js';
import { fillShadow } from './fill-shadow.js';
import type { FunctionStore } from './function-store.js';
import type { FunctionsOptions } from './options.js';
import { literalStart } from './pattern.js';
import { PLACES } from './places.js';
import type { Registry } from './registry.js';
import { OVERSIZE, type Shadow } from './shadow.js';
import { deadEntry, entryKey, eventId, pendingEntry } from './stored-event.js';
import { afterChanges, type Touched, touchedNodes } from './touched.js';
import { type FoundEvent, fires, writeEvent } from './write-event.js';

/** What one write of records holds about, in changes and in characters. */
const MAX_CHANGES = 500;
const MAX_CHARACTERS = 1024 * 1024;
/** Commits that concern no function are passed over so many at a time before that is stored. */
const MAX_UNSTORED = 1_000;

/** How far the journal was recorded: all of `revision`, and of the commit behind it what does not come after `cursor`. */
interface Position {
  readonly epoch: string;
  readonly revision: number;
  readonly cursor?: string;
  /** How many nodes of that commit were recorded. */
  readonly index?: number;
}

export interface RecorderOptions extends Pick<FunctionsOptions, 'database' | 'journal' | 'reader' | 'now'> {
  readonly logger: Logger;
  readonly store: FunctionStore;
  readonly shadow: Shadow;
  readonly registry: Registry;
  readonly deadLetters: DeadLetterBound;
  /** Called once there are new entries of these functions. */
  readonly recorded: (names: ReadonlySet<string>) => void;
}

/**
 * Turns commits into events that wait to be run. The events, the shadow that their `before` is from, and the position are stored as one:
 * whatever dies when, each commit gives each function its event exactly once. Functions never hold it up.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  #position: Position | null = null;
  #storedRevision = 0;
  #entries: PrivateValue[] = [];
  #characters = 0;
  #names = new Set<string>();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Records what is new; resolves with whether anything was. After a failure the next call goes on from what is stored. */
  async step(): Promise<boolean> {
    try {
      this.#position ??= await this.#begin();
      if (!this.#options.registry.settled) await this.#settle();
      return await this.#readOn(this.#position);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#position = null;
    this.#entries = [];
    this.#characters = 0;
    this.#names = new Set();
    this.#options.shadow.clear();
  }

  async #begin(): Promise<Position> {
    const { store, journal, database, logger } = this.#options;
    await store.tree.refresh();
    const stored = store.json(PLACES.position) as unknown as Position | null;
    if (stored?.epoch === journal.epoch) {
      this.#storedRevision = stored.revision;
      return stored;
    }
    if (stored !== null) {
      logger.warn({ epoch: journal.epoch }, 'the database has another history: functions begin with its present state');
      await this.#dropHistory();
    }
    return this.#storePosition({ epoch: journal.epoch, revision: database.revision });
  }

  /** Forgets the shadow and the events of another history, whose revisions mean nothing here. */
  async #dropHistory(): Promise<void> {
    const { store } = this.#options;
    for (const name of store.tree.keys(PLACES.pending)) {
      const keys = store.tree.keys(PLACES.pendingOf(name)).filter((key) => key.startsWith('r'));
      for (let from = 0; from < keys.length; from += MAX_CHANGES) {
        const some = keys.slice(from, from + MAX_CHANGES);
        await store.write(some.map((key) => ({ path: PLACES.entry(name, key), value: null })));
      }
    }
    await store.write([{ path: PLACES.filledAll, value: null }]);
  }

  async #storePosition(position: Position): Promise<Position> {
    await this.#options.store.write([{ path: PLACES.position, value: JSON.stringify(position) }]);
    this.#storedRevision = position.revision;
    return position;
  }

  /** Makes the shadow what the declared functions need. */
  async #settle(): Promise<void> {
    const { store, registry, database } = this.#options;
    const wanted = registry.wantedPatterns();
    for (const id of store.tree.keys(PLACES.filledAll)) {
      if (!wanted.has(id))
        await store.write([
          { path: PLACES.filled(id), value: null },
          { path: PLACES.shadow(id, []), value: null },
        ]);
    }
    for (const pattern of wanted.values()) {
      if (store.tree.read(PLACES.filled(pattern.id)) !== null) continue;
      await fillShadow(pattern, this.#options);
      await store.write([{ path: PLACES.filled(pattern.id), value: database.revision }]);
    }
    await registry.settle();
  }

  async #readOn(from: Position): Promise<boolean> {
    const { database, journal } = this.#options;
    const target = database.revision;
    if (from.revision >= target) return false;
    try {
      for await (const commits of journal.commits(from.revision)) {
        for (const commit of commits) if (commit.revision <= target) await this.#record(commit);
      }
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'not-found')) throw error;
      await this.#recordGap(from.revision);
    }
    await this.#flush();
    return true;
  }

  /** The journal has dropped what is missing here. What came of it is recorded as if it were one commit. */
  async #recordGap(revision: number): Promise<void> {
    const { database, logger, reader, now, registry } = this.#options;
    this.#options.shadow.clear();
    this.#entries = [];
    const fields = { from: revision, to: database.revision };
    logger.error(
      fields,
      'the journal has dropped commits that functions have not seen: they get what came of them as one',
    );
    const changes = Array.from(registry.wantedPatterns().values(), literalStart)
      .filter((path, index, all) => !all.some((other, at) => covers(other, path, at < index)))
      .map((path): Change => ({ path, value: readNode(reader, path) }));
    const commit = new Commit({ revision: fields.to, time: now(), author: null, origin: '', changes });
    // Should this process end on the way, the next one compares what is left.
    const before = this.#position as Position;
    await this.#record(commit, (_order, index) => ({ epoch: before.epoch, revision, index }));
  }

  /** @param within the position of one who has recorded a part of the commit. */
  async #record(
    commit: Commit,
    within: (order: string, index: number) => Position = (cursor, index) => ({
      epoch: this.#options.journal.epoch,
      revision: commit.revision - 1,
      cursor,
      index,
    }),
  ): Promise<void> {
    const { shadow, registry, journal } = this.#options;
    const patterns = new Map(registry.watched.flatMap(({ pattern }) => (pattern ? [[pattern.id, pattern]] : [])));
    const { cursor, index: first = 0 } = this.#position as Position;
    const touched = touchedNodes(commit.changes, patterns.values(), shadow);
    const rest = cursor === undefined ? touched : touched.filter(({ order }) => order > cursor);
    for (const [index, node] of rest.entries()) {
      this.#recordNode(commit, node, first + index);
      this.#position = within(node.order, first + index + 1);
      if (this.#isFull()) await this.#flush();
    }
    this.#position = { epoch: journal.epoch, revision: commit.revision };
    if (this.#isFull()) await this.#flush();
  }

  #isFull(): boolean {
    const { shadow } = this.#options;
    return this.#entries.length + shadow.count >= MAX_CHANGES || this.#characters + shadow.size > MAX_CHARACTERS;
  }

  #recordNode(commit: Commit, touched: Touched, index: number): void {
    const { shadow, registry } = this.#options;
    const { pattern, keys } = touched;
    const before = shadow.get(pattern, keys);
    const wanted = afterChanges(before, touched);
    if (before !== OVERSIZE && wanted !== OVERSIZE && nodesEqual(before, wanted)) return;
    const after = shadow.set(pattern, keys, wanted);
    for (const watched of registry.watched) {
      if (watched.pattern?.id !== pattern.id || watched.since >= commit.revision) continue;
      if (!fires(watched, before, after)) continue;
      this.#addEntry({ commit, watched, keys, before, after, key: entryKey('r', commit.revision, index) });
    }
  }

  #addEntry(found: FoundEvent): void {
    const { now, journal, deadLetters } = this.#options;
    const { watched, before, after, key, commit } = found;
    const event = writeEvent(found, eventId(journal.epoch, watched.name, key));
    const stored = { event, head: commit.revision };
    const tooLarge = before === OVERSIZE || after === OVERSIZE;
    const entry = tooLarge
      ? deadEntry(watched.name, key, { ...stored, reason: 'the node is too large', attempts: 0, time: now() })
      : pendingEntry(watched.name, key, stored);
    if (tooLarge) deadLetters.note(watched.name);
    this.#entries.push(entry);
    this.#characters += String(entry.value).length;
    this.#names.add(watched.name);
  }

  async #flush(): Promise<void> {
    const { store, shadow, recorded, deadLetters } = this.#options;
    const position = this.#position as Position;
    const changes = [...this.#entries, ...shadow.changes()];
    if (changes.length === 0 && position.revision - this.#storedRevision < MAX_UNSTORED) return;
    await store.write([...changes, { path: PLACES.position, value: JSON.stringify(position) }]);
    this.#storedRevision = position.revision;
    const names = this.#names;
    this.#entries = [];
    this.#characters = 0;
    this.#names = new Set();
    shadow.clear();
    if (names.size > 0) recorded(names);
    await deadLetters.trim();
  }
}

/** Whether `other` names the whole of `path` too; of two that are the same, the earlier one. */
function covers(other: Path, path: Path, isEarlier: boolean): boolean {
  return isPrefix(other, path) && (other.length < path.length || isEarlier);
}
