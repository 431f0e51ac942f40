import type { Json } from '@backside/tree';

/** `value` with the priority inside, in place of one that it has. */
export function prioritized(value: Json, priority: Json): Json {
  return { ...(typeof value === 'object' ? value : { '.value': value }), '.priority': priority };
}
