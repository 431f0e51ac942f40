import { RefusedError } from '@backside/sdk';
import { element } from './element.js';
import { httpUrl } from './server-url.js';

/** Where a page says what went wrong. */
export interface Notices {
  /** Shows an error; of a refusal also the trace, which in development mode leads to each rule that was asked. */
  show(error: unknown): void;
  /** Shows it if the promise fails, so that no outcome goes unnoticed. */
  watch(outcome: Promise<unknown>): void;
}

/** Shows errors as paragraphs in `box`; the reader closes them. */
export function createNotices(box: HTMLElement): Notices {
  const show = (error: unknown): void => {
    const close = (event: Event): void => (event.currentTarget as Element).closest('.notice')?.remove();
    const button = element('button', { class: 'quiet', 'aria-label': 'Close', onclick: close }, '×');
    box.append(element('p', { class: 'notice' }, ...describe(error), button));
  };
  return { show, watch: (outcome) => void outcome.catch(show) };
}

function describe(error: unknown): (Node | string)[] {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof RefusedError) || error.trace === null) return [message];
  const href = `${httpUrl}/.explain/${encodeURIComponent(error.trace)}`;
  return [message, element('a', { href, target: '_blank', rel: 'noopener' }, `why? (trace ${error.trace})`)];
}
