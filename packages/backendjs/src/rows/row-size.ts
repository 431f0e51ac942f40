import type { Json } from '@backside/tree';

/** About what the rows of one answer may hold, in characters. The row that reaches it still belongs to it. */
export const MAX_ANSWER_CHARACTERS: number = 16 * 1024 * 1024;

/** About how many characters a value is as JSON. */
export function sizeOf(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.entries(value).reduce((sum, [key, inner]) => sum + key.length + sizeOf(inner), 2);
}
