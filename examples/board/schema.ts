/** The tree of the boards, as board.rules.json guards it. */
export interface BoardSchema {
  boards: { $board: { cards: { $card: Card } } };
}

export interface Card {
  title: string;
  column: Column;
  /** Where in its column: see rank.ts. */
  rank: string;
}

export type Column = 'todo' | 'doing' | 'done';

export const COLUMNS: Readonly<Record<Column, string>> = { todo: 'To do', doing: 'Doing', done: 'Done' };

/** A card with its key. */
export interface PlacedCard extends Card {
  readonly id: string;
}
