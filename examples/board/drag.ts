import { element } from '../lib/element.js';

/** Where a card was let go: before the card that stood at `index` among the others of that list. */
export interface Drop {
  readonly card: string;
  readonly list: HTMLElement;
  readonly index: number;
}

/** Lets the cards inside `root` be dragged from list to list, and shows where they would land. */
export function enableDragging(root: HTMLElement, onDrop: (drop: Drop) => void): void {
  const gap = element('div', { class: 'gap' });
  let dragged: HTMLElement | null = null;

  root.addEventListener('dragstart', (event) => {
    dragged = (event.target as Element).closest<HTMLElement>('.card');
    dragged?.classList.add('dragged');
    event.dataTransfer?.setData('text/plain', dragged?.dataset.card ?? '');
  });
  root.addEventListener('dragover', (event) => {
    const list = (event.target as Element).closest('.column')?.querySelector<HTMLElement>('.cards');
    if (dragged === null || !list) return;
    event.preventDefault();
    list.insertBefore(gap, others(list, dragged)[indexAt(list, dragged, event.clientY)] ?? null);
  });
  root.addEventListener('drop', (event) => {
    const list = gap.parentElement;
    if (dragged === null || list === null) return;
    event.preventDefault();
    onDrop({ card: dragged.dataset.card!, list, index: indexAt(list, dragged, event.clientY) });
  });
  root.addEventListener('dragend', () => {
    dragged?.classList.remove('dragged');
    dragged = null;
    gap.remove();
  });
}

function others(list: HTMLElement, dragged: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>('.card')].filter((card) => card !== dragged);
}

/** How many of the other cards have their middle above this height. */
function indexAt(list: HTMLElement, dragged: HTMLElement, y: number): number {
  return others(list, dragged).filter((card) => {
    const { top, height } = card.getBoundingClientRect();
    return top + height / 2 < y;
  }).length;
}
