import { isMap, type PresentNode, type Priority, priorityOf } from '@backside/tree';
import { DraftMap, type Slot } from './draft.js';
import { type Environment, type RecordReader, recordReader } from './environment.js';
import { detachMap } from './garbage.js';
import type { IndexLevel } from './index-levels.js';
import { type IndexedValue, indexedPath, indexedValueOfDraft, indexedValueOfRecord } from './indexed-value.js';
import { type NodeKey, VISIBLE_ROOT } from './node-key.js';
import { encodePacked, encodeSplit, PackedRecord, packMap, packNode, type SplitRecord } from './record.js';

/** Maps whose packed text would be longer than so many characters are split, unless another bound is given. */
export const MAX_PACKED_CHARACTERS = 1536;

const NOTHING: Uint8Array = new Uint8Array(0);

/** A map of so few nodes is packed in one go, since it is probably short enough; one of more, child by child. */
const MAX_NODES_PACKED_AT_ONCE = 64;

/** Around a key and its value: quotes, colon and comma. */
const PUNCTUATION = 4;

type Built = PackedRecord | SplitRecord;
type Child = PresentNode | PackedRecord | DraftMap;

/** Gives out ids that no map or index ever had. */
export interface IdSource {
  next(): number;
}

/** Writes a draft into LMDB, inside a write transaction that was begun before the draft was loaded. */
export class DraftWriter {
  readonly #environment: Environment;
  readonly #records: RecordReader;
  readonly #ids: IdSource;

  readonly #maxPacked: number;

  constructor(environment: Environment, ids: IdSource, maxPackedCharacters: number = MAX_PACKED_CHARACTERS) {
    this.#environment = environment;
    this.#records = recordReader(environment);
    this.#ids = ids;
    this.#maxPacked = maxPackedCharacters;
  }

  /** Writes what was changed, from the root on, whose record stands at `place`. */
  writeRoot(slot: Slot, level: IndexLevel, place: NodeKey = VISIBLE_ROOT): void {
    if (slot.touched) this.#writeSlot(slot, place, level);
  }

  #writeSlot(slot: Slot, key: NodeKey, level: IndexLevel): void {
    const { stored, draft } = slot;
    if (draft instanceof DraftMap && draft.id !== null) {
      this.#writeSplit(slot, draft, { key, level });
      return;
    }
    if (stored?.kind === 'split') detachMap(this.#environment, stored.id);
    if (draft !== null) this.#put(key, this.#build(draft, level));
    else if (stored !== null) this.#environment.nodes.remove(key);
  }

  /** A map that stays split: its changed children, and its own record if that changes. */
  #writeSplit({ stored }: Slot, map: DraftMap, { key, level }: { key: NodeKey; level: IndexLevel }): void {
    if (stored?.kind !== 'split') throw new Error('a map has an id that no record gave it');
    this.#writeChildren(map, stored.id, level);
    const prioritised = stored.prioritised || hasPrioritisedChange(map);
    if (stored.priority === map.priority && stored.prioritised === prioritised) return;
    this.#put(key, { ...stored, priority: map.priority, prioritised });
  }

  /** Index entries first: what they were before is read from the records that are then overwritten. */
  #writeChildren(map: DraftMap, id: number, level: IndexLevel): void {
    for (const [key, slot] of map.slots) {
      if (!slot.touched) continue;
      for (const index of level.here) {
        const path = indexedPath(index.definition);
        const before = slot.stored && { value: indexedValueOfRecord(this.#records, slot.stored, path) };
        const after = slot.draft !== null ? { value: indexedValueOfDraft(slot.draft, path) } : null;
        this.#moveEntry({ index: index.id, map: id, key }, before, after);
      }
      this.#writeSlot(slot, { id, key }, level.child(key));
    }
  }

  #moveEntry(
    place: { index: number; map: number; key: string },
    before: { value: IndexedValue } | null,
    after: { value: IndexedValue } | null,
  ): void {
    if (before && after && before.value === after.value) return;
    if (before) this.#environment.index.remove({ ...place, value: before.value });
    if (after) this.#environment.index.put({ ...place, value: after.value }, NOTHING);
  }

  #build(draft: Child, level: IndexLevel): Built {
    if (draft instanceof DraftMap) return this.#buildMap(presentChildren(draft), draft.priority, level);
    if (draft instanceof PackedRecord) return this.#isShort(draft) ? draft : this.#build(draft.node, level);
    if (!isMap(draft)) return packNode(draft);
    if (draft.count() <= MAX_NODES_PACKED_AT_ONCE) {
      const packed = packNode(draft);
      if (this.#isShort(packed)) return packed;
    }
    return this.#buildMap(draft.children, draft.priority, level);
  }

  #isShort({ text }: PackedRecord): boolean {
    return text.length <= this.#maxPacked;
  }

  /** Packs children together until they are too long; from then on the map is split and each is written as it comes. */
  #buildMap(children: Iterable<readonly [string, Child]>, priority: Priority, level: IndexLevel): Built {
    const gathered = new Map<string, PackedRecord>();
    const waiting: [string, Child, Built][] = [];
    let length = 0;
    let id: number | null = null;
    let prioritised = false;
    for (const [key, child] of children) {
      prioritised ||= priorityOfChild(child) !== null;
      const built = this.#build(child, level.child(key));
      if (id !== null) {
        this.#putChild({ id, key }, child, { built, level });
        continue;
      }
      waiting.push([key, child, built]);
      if (!isSplit(built)) {
        gathered.set(key, built);
        length += key.length + built.text.length + PUNCTUATION;
        if (length <= this.#maxPacked) continue;
      }
      id = this.#ids.next();
      for (const [earlier, node, made] of waiting) this.#putChild({ id, key: earlier }, node, { built: made, level });
    }
    return id === null ? packMap(gathered, priority) : { kind: 'split', id, priority, prioritised };
  }

  /** Writes a child of a new map. `level` is the map's. */
  #putChild(place: NodeKey, child: Child, { built, level }: { built: Built; level: IndexLevel }): void {
    this.#put(place, built);
    for (const index of level.here) {
      const value = indexedValueOfDraft(child, indexedPath(index.definition));
      this.#environment.index.put({ index: index.id, map: place.id, value, key: place.key }, NOTHING);
    }
  }

  #put(key: NodeKey, built: Built): void {
    this.#environment.nodes.put(key, isSplit(built) ? encodeSplit(built) : encodePacked(built));
  }
}

function hasPrioritisedChange(map: DraftMap): boolean {
  for (const { touched, draft } of map.slots.values()) {
    if (touched && draft !== null && priorityOfChild(draft) !== null) return true;
  }
  return false;
}

function priorityOfChild(child: Child): Priority {
  if (child instanceof DraftMap) return child.priority;
  if (!(child instanceof PackedRecord)) return priorityOf(child);
  return child.plain ? null : priorityOf(child.node);
}

function isSplit(built: Built): built is SplitRecord {
  return built.kind === 'split';
}

function* presentChildren(map: DraftMap): Generator<[string, Child], undefined> {
  for (const [key, { draft }] of map.slots) if (draft !== null) yield [key, draft];
}
