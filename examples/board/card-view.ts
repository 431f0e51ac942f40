import { element } from '../lib/element.js';
import type { PlacedCard } from './schema.js';

/** What a card's buttons and keys do. */
export interface CardActions {
  rename(id: string, title: string): void;
  remove(id: string): void;
  /** One place up or down, or one column to the left or right. */
  nudge(id: string, direction: Direction): void;
}

export type Direction = 'up' | 'down' | 'left' | 'right';

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

/** One card of the page. It is moved about and changed, never made anew, so that what is being typed or dragged stays. */
export class CardView {
  readonly element: HTMLElement;
  readonly #title = element('span', { contenteditable: 'plaintext-only', role: 'textbox', 'aria-label': 'Title' });
  #shown = '';

  constructor(id: string, actions: CardActions) {
    const remove = element(
      'button',
      { class: 'quiet', 'aria-label': 'Remove', onclick: () => actions.remove(id) },
      '×',
    );
    const hint = 'Alt and an arrow key move it';
    const attributes = { class: 'card', 'data-card': id, draggable: 'true', tabindex: '0', title: hint };
    this.element = element('article', attributes, this.#title, remove);
    this.#title.addEventListener('blur', () => this.#finish(id, actions));
    this.#title.addEventListener('keydown', (event) => this.#type(event));
    this.element.addEventListener('keydown', (event) => {
      const direction = event.altKey ? ARROWS[event.key] : undefined;
      if (direction === undefined) return;
      event.preventDefault();
      actions.nudge(id, direction);
      this.element.focus();
    });
  }

  show({ title }: PlacedCard): void {
    this.#shown = title;
    if (document.activeElement !== this.#title) this.#title.textContent = title;
  }

  #type(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#title.textContent = this.#shown;
    if (event.key === 'Enter' || event.key === 'Escape') this.#title.blur();
  }

  #finish(id: string, actions: CardActions): void {
    const title = (this.#title.textContent ?? '').trim();
    if (title !== '' && title !== this.#shown) actions.rename(id, title);
    else this.#title.textContent = this.#shown;
  }
}
