import {
  type Change,
  isMap,
  type Node,
  type Path,
  type PresentNode,
  type Priority,
  priorityOf,
  setAt,
  withPriority,
} from '@backside/tree';
import type { RecordSource } from './environment.js';
import { replaceLeafInText } from './leaf-in-text.js';
import { type NodeKey, VISIBLE_ROOT } from './node-key.js';
import { PackedRecord, packNode, parsePacked, type StoredRecord } from './record.js';

/** What is to stand under one key: nothing, a node that is as it was given, a packed subtree, or a map in the making. */
export type Draft = PresentNode | PackedRecord | DraftMap | null;

/** One place in a draft. */
export interface Slot {
  /** What LMDB holds there. */
  readonly stored: StoredRecord | null;
  draft: Draft;
  /** Whether a change was made here or below. */
  touched: boolean;
}

interface Edit {
  readonly path: Path;
  readonly value: Node;
  /** Whether the edit can put something where nothing is. */
  readonly creates: boolean;
}

/**
 * The tree as it will be after some changes, loaded from LMDB as far as they reach. A change costs O(depth), however large
 * the maps on its way are. Nothing is written here; loading goes through the write transaction if one is under way.
 */
export class DraftTree {
  readonly root: Slot;
  readonly #records: RecordSource;

  constructor(records: RecordSource, root: NodeKey = VISIBLE_ROOT) {
    this.#records = records;
    this.root = loadSlot(records, root.id, root.key);
  }

  /** Applies a change with the effect that the tree's `setAt` has. */
  apply({ path, value }: Change): void {
    this.#apply(this.root, 0, { path, value, creates: value !== null && path.at(-1) !== '.priority' });
  }

  #apply(slot: Slot, depth: number, edit: Edit): void {
    if (depth === edit.path.length) {
      replace(slot, edit.value);
      return;
    }
    if (slot.draft instanceof PackedRecord) {
      const relative = { ...edit, path: edit.path.slice(depth) };
      if (changeText(slot, slot.draft, relative)) return;
      slot.draft = slot.draft.node;
    }
    this.#applyBelow(slot, depth, edit);
  }

  /** As `#apply`, for a change below a slot that is open. */
  #applyBelow(slot: Slot, depth: number, edit: Edit): void {
    const key = edit.path[depth]!;
    if (key === '.priority') {
      setPriority(slot, edit.value as Priority);
      return;
    }
    const map = this.#openMap(slot, edit.creates);
    if (map === null) return;
    const child = map.slot(key);
    const wasPresent = child.draft !== null;
    this.#apply(child, depth + 1, edit);
    if (!child.touched) return;
    slot.touched = true;
    map.present += Number(child.draft !== null) - Number(wasPresent);
    if (child.draft === null && wasPresent && map.isEmpty()) slot.draft = null;
  }

  /** The map at a slot, made ready for changes of its children; null if there is none and none may be made. */
  #openMap(slot: Slot, creates: boolean): DraftMap | null {
    const { draft } = slot;
    if (draft instanceof DraftMap) return draft;
    if (!isMap(draft) && !creates) return null;
    const map = new DraftMap(this.#records, null, draft instanceof PackedRecord ? null : priorityOf(draft));
    if (isMap(draft)) {
      for (const [key, child] of draft.children) map.slots.set(key, newSlot(child));
      map.present = map.slots.size;
    }
    slot.draft = map;
    return map;
  }
}

/** A map whose children are being changed: one that LMDB holds split, under its id, or a new one that has none. */
export class DraftMap {
  readonly id: number | null;
  priority: Priority;
  /** The children that are loaded; all of them if the map has no id. */
  readonly slots: Map<string, Slot> = new Map();
  /** How many of `slots` hold something. */
  present = 0;
  readonly #records: RecordSource;
  /** No child before this key is in LMDB without being in `slots`. */
  #loadedBefore = '';

  constructor(records: RecordSource, id: number | null, priority: Priority) {
    this.#records = records;
    this.id = id;
    this.priority = priority;
  }

  slot(key: string): Slot {
    const known = this.slots.get(key);
    if (known) return known;
    const slot = this.id === null ? newSlot(null) : loadSlot(this.#records, this.id, key);
    this.slots.set(key, slot);
    this.present += Number(slot.draft !== null);
    return slot;
  }

  isEmpty(): boolean {
    return this.present === 0 && (this.id === null || !this.#hasUnloaded(this.id));
  }

  /** Whether LMDB holds a child that is not loaded. All calls together pass every child once. */
  #hasUnloaded(id: number): boolean {
    for (const key of this.#records.keys(id, this.#loadedBefore)) {
      this.#loadedBefore = key;
      if (!this.slots.has(key)) return true;
    }
    return false;
  }
}

function newSlot(draft: Draft): Slot {
  return { stored: null, draft, touched: false };
}

function loadSlot(records: RecordSource, id: number, key: string): Slot {
  const stored = records.read(id, key);
  if (!stored) return newSlot(null);
  const draft = stored.kind === 'packed' ? stored : new DraftMap(records, stored.id, stored.priority);
  return { stored, draft, touched: false };
}

function replace(slot: Slot, value: Node): void {
  if (value === null && slot.draft === null) return;
  slot.draft = value;
  slot.touched = true;
}

/**
 * Makes a change in the text of a packed subtree; false if it has to be opened first. Most are changed once between two
 * checkpoints, and a draft of many texts is a fraction of one of as many maps; what is changed again is opened.
 */
function changeText(slot: Slot, packed: PackedRecord, edit: Edit): boolean {
  if (replaceLeaf(slot, packed, edit)) return true;
  if (slot.touched) return false;
  amend(slot, packed, edit);
  return true;
}

/** Makes a change in the text, if it is of the most frequent kind: another value for a leaf. */
function replaceLeaf(slot: Slot, packed: PackedRecord, { path, value }: Edit): boolean {
  if (!packed.isPlainMap || value === null || typeof value === 'object') return false;
  const text = replaceLeafInText(packed.text, path, value);
  if (text === null) return false;
  slot.draft = new PackedRecord(text, true);
  slot.touched = true;
  return true;
}

/** Makes any change, by parsing the text and writing it again. */
function amend(slot: Slot, packed: PackedRecord, { path, value }: Edit): void {
  const before = parsePacked(packed.text);
  const after = setAt(before, path, value);
  if (after === before) return;
  slot.draft = after === null || isMap(value) ? after : packNode(after);
  slot.touched = true;
}

function setPriority(slot: Slot, priority: Priority): void {
  const { draft } = slot;
  if (draft === null) return;
  if (draft instanceof DraftMap) draft.priority = priority;
  else if (draft instanceof PackedRecord) slot.draft = withPriority(draft.node, priority);
  else slot.draft = withPriority(draft, priority);
  slot.touched = true;
}
