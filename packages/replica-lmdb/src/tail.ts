import type { Commit } from '@backside/protocol';
import { layered, type Path, type TreeReader } from '@backside/tree';
import { HeldView, touchedChildren } from './held-view.js';
import { consolidate, type Layer, newLayer } from './layer.js';
import type { Snapshot } from './snapshot.js';
import { type OrderedPlace, TouchedOrder } from './touched-order.js';

/** How many orders of touched children are kept up to date: places that are queried while they are written. */
const MAX_ORDERS = 32;

/**
 * The commits since the snapshot, as overlays in memory: generations that change no more, and an active one on top. A
 * generation goes when the snapshot contains all of it.
 */
export class Tail {
  #base: Snapshot;
  #sealed: readonly Layer[] = [];
  #active: Layer;
  #under: TreeReader;
  #view: TreeReader;
  /** The orders that were asked for last, the latest at the end. */
  readonly #orders: Map<string, TouchedOrder> = new Map();

  constructor(base: Snapshot, revision: number) {
    this.#base = base;
    this.#active = newLayer(revision);
    this.#under = base;
    this.#view = base;
    this.#rebuild();
  }

  /** The state after the last commit. Good until the next `apply` or `rebase`. */
  get view(): TreeReader {
    return this.#view;
  }

  get bytes(): number {
    return this.#sealed.reduce((sum, layer) => sum + layer.bytes, this.#active.bytes);
  }

  get isEmpty(): boolean {
    return this.#sealed.length === 0 && this.#active.tree.isEmpty();
  }

  apply(commit: Commit): void {
    if (this.#active.holders > 0) this.#leaveToHolders();
    for (const change of commit.changes) {
      this.#active.tree.apply(change, this.#under);
      this.#note(change.path);
    }
    this.#active.last = commit.revision;
    this.#active.bytes += commit.encoded().length;
  }

  /** Puts the tail on a base at `revision`, at or before the tail's own, and drops the generations that it contains. */
  rebase(base: Snapshot, revision: number): void {
    this.#base = base;
    this.#sealed = this.#sealed.filter(({ last }) => last > revision);
    if (this.#active.last <= revision) this.#active = newLayer(revision);
    this.#orders.clear(); // they would still be right, but remember what the tail has forgotten
    this.#rebuild();
  }

  /** Lets the generations change no more, so that each can go once the base contains it. */
  seal(): void {
    this.#begin();
    for (const layer of this.#sealed) layer.leaving = true;
    this.#rebuild();
  }

  /** The state now, on the snapshot that the tail stands on, for as long as that is held. To be released. */
  hold(): HeldView {
    const active = this.#active.bytes === 0 ? null : this.#active;
    if (active) active.holders += 1;
    const layers = active ? [...this.#sealed, active] : this.#sealed;
    return new HeldView(
      this.#base,
      layers.map(({ tree }) => tree),
      () => {
        if (active) active.holders -= 1;
      },
    );
  }

  /** Lets the active generation change no more. Where many are read while commits come, there would be one for each reader. */
  #leaveToHolders(): void {
    this.#begin();
    this.#sealed = consolidate(this.#sealed, this.#base);
    this.#rebuild();
  }

  /** Begins a generation above those so far. */
  #begin(): void {
    if (this.#active.bytes === 0) return;
    this.#sealed = [...this.#sealed, this.#active];
    this.#active = newLayer(this.#active.last);
  }

  /**
   * The children of a node that the tail may have changed, in an order; null if the node itself is replaced. Good until the
   * next `apply` or `rebase`.
   */
  touchedOrder(place: OrderedPlace): TouchedOrder | null {
    const name = JSON.stringify([place.path, place.by]);
    let order = this.#orders.get(name);
    if (!order) {
      const touched = touchedChildren(
        [...this.#sealed, this.#active].map(({ tree }) => tree),
        place.path,
      );
      if (touched === 'all') return null;
      order = new TouchedOrder(place, touched);
    }
    this.#orders.delete(name);
    this.#orders.set(name, order);
    if (this.#orders.size > MAX_ORDERS) this.#orders.delete(this.#orders.keys().next().value!);
    order.refresh(this.#view);
    return order;
  }

  #note(path: Path): void {
    for (const [name, order] of this.#orders) if (!order.note(path)) this.#orders.delete(name);
  }

  #rebuild(): void {
    this.#under = layered(this.#base, ...this.#sealed.map(({ tree }) => tree));
    this.#view = this.#active.tree.over(this.#under);
  }
}
