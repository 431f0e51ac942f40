import { compilePattern } from '../rows/pattern.js';
import type { LegacyEvent } from './event.js';

export type EventMatch = (event: LegacyEvent) => boolean;

/**
 * The filter that `match` is: a regular expression that is found in the event's JSON, or in that without its quotes, as
 * `connection/add.*type:*like` is written in the original's documents. Takes time linear in the event, whatever the expression.
 * Throws `invalid-data` for what is none.
 */
export function compileEventMatch(source: string): EventMatch {
  const matches = compilePattern(source, { ignoreCase: false });
  return (event) => {
    const text = JSON.stringify(event);
    return matches(text) || matches(text.replaceAll('"', ''));
  };
}
