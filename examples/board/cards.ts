import type { Backside } from '@backside/sdk';
import { rankAt } from './rank.js';
import type { BoardSchema, Card, Column, PlacedCard } from './schema.js';

/**
 * The cards of one board. Every change is shown at once; each of the promises resolves when the server has the change on its
 * disk, which may be after a reload.
 */
export class Cards {
  readonly #ref;
  #all: readonly PlacedCard[] = [];

  constructor(db: Backside<BoardSchema>, board: string) {
    this.#ref = db.ref(`/boards/${board}/cards`);
  }

  /** Tells all cards by rank, now and after each change, and whether all of it is known to the server. */
  onChange(listener: (cards: readonly PlacedCard[], saved: boolean) => void, refused: (error: Error) => void): void {
    this.#ref.orderByChild('rank').listen(
      'value',
      (snapshot) => {
        const cards: PlacedCard[] = [];
        snapshot.forEach((child) => void cards.push({ id: child.key!, ...(child.val() as Card) }));
        this.#all = cards;
        listener(cards, snapshot.state !== 'pending');
      },
      { refused, states: true },
    );
  }

  in(column: Column): readonly PlacedCard[] {
    return this.#all.filter((card) => card.column === column);
  }

  add(column: Column, title: string): Promise<unknown> {
    const rank = rankAt(this.#ranks(column), this.in(column).length);
    return this.#ref.push().set({ title, column, rank });
  }

  /** `index` counts the cards of that column without this one. */
  move(id: string, column: Column, index: number): Promise<unknown> {
    return this.#ref.child(id).update({ column, rank: rankAt(this.#ranks(column, id), index) });
  }

  rename(id: string, title: string): Promise<unknown> {
    return this.#ref.child(id).update({ title });
  }

  remove(id: string): Promise<unknown> {
    return this.#ref.child(id).remove();
  }

  #ranks(column: Column, without?: string): string[] {
    return this.in(column).flatMap(({ id, rank }) => (id === without ? [] : [rank]));
  }
}
