import { element } from '../lib/element.js';
import type { Notices } from '../lib/notices.js';
import { type CardActions, CardView, type Direction } from './card-view.js';
import type { Cards } from './cards.js';
import { enableDragging } from './drag.js';
import { COLUMNS, type Column, type PlacedCard } from './schema.js';

const ORDER = Object.keys(COLUMNS) as Column[];

/** The columns of the page with their cards. */
export class BoardView {
  readonly #cards: Cards;
  readonly #notices: Notices;
  readonly #lists = new Map<Column, HTMLElement>();
  readonly #counts = new Map<Column, HTMLElement>();
  readonly #views = new Map<string, CardView>();
  readonly #actions: CardActions = {
    rename: (id, title) => this.#notices.watch(this.#cards.rename(id, title)),
    remove: (id) => this.#notices.watch(this.#cards.remove(id)),
    nudge: (id, direction) => this.#nudge(id, direction),
  };

  constructor(root: HTMLElement, cards: Cards, notices: Notices) {
    this.#cards = cards;
    this.#notices = notices;
    root.append(...ORDER.map((column) => this.#column(column)));
    enableDragging(root, ({ card, list, index }) => {
      notices.watch(cards.move(card, list.dataset.column as Column, index));
    });
  }

  show(all: readonly PlacedCard[]): void {
    const ids = new Set(all.map(({ id }) => id));
    for (const [id, view] of this.#views) {
      if (ids.has(id)) continue;
      view.element.remove();
      this.#views.delete(id);
    }
    for (const column of ORDER) this.#fill(column);
  }

  #fill(column: Column): void {
    const list = this.#lists.get(column)!;
    const cards = this.#cards.in(column);
    this.#counts.get(column)!.textContent = String(cards.length);
    cards.forEach((card, index) => {
      const view = this.#viewOf(card);
      // To touch only what is out of place keeps the focus, and a drag that is under way.
      const there = list.querySelectorAll('.card')[index] ?? null;
      if (there !== view.element) list.insertBefore(view.element, there);
    });
  }

  #viewOf(card: PlacedCard): CardView {
    const view = this.#views.get(card.id) ?? new CardView(card.id, this.#actions);
    this.#views.set(card.id, view);
    view.show(card);
    return view;
  }

  #nudge(id: string, direction: Direction): void {
    const from = ORDER.findIndex((column) => this.#cards.in(column).some((card) => card.id === id));
    const index = this.#cards.in(ORDER[from]!).findIndex((card) => card.id === id);
    const to = ORDER[from + ({ left: -1, right: 1, up: 0, down: 0 } as const)[direction]];
    const at = index + ({ up: -1, down: 1, left: 0, right: 0 } as const)[direction];
    if (to !== undefined && at >= 0) this.#notices.watch(this.#cards.move(id, to, at));
  }

  #column(column: Column): HTMLElement {
    const list = element('div', { class: 'cards', 'data-column': column });
    const count = element('span', { class: 'soft' });
    this.#lists.set(column, list);
    this.#counts.set(column, count);
    const name = COLUMNS[column];
    const heading = element('header', {}, element('h2', {}, name), count);
    return element('section', { class: 'column', 'aria-label': name }, heading, list, this.#form(column));
  }

  #form(column: Column): HTMLElement {
    const label = `New card in ${COLUMNS[column]}`;
    const input = element('input', { placeholder: 'New card', 'aria-label': label, maxlength: '200', required: true });
    const submit = (event: Event): void => {
      event.preventDefault();
      this.#notices.watch(this.#cards.add(column, input.value));
      input.value = '';
    };
    return element('form', { onsubmit: submit }, input);
  }
}
