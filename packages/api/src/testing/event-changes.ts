import { type Change, type Json, nodeFromJson } from '@backside/tree';
import type { Encoder, ViewEvent } from '../listener.js';

/** Events as JSON with nothing lost. */
export const exportForm: Encoder<Json> = {
  format: 'export',
  encode: (event) => JSON.parse(new TextDecoder().decode(event.body('export'))),
};

/** What an event with this body changes, at `path` of a client's copy. A patch is one step, whatever order its members stand in. */
export function changesOf(kind: ViewEvent['kind'], path: readonly string[], body: Json): Change[] {
  if (kind === 'put') return [{ path, value: nodeFromJson(body) }];
  return Object.entries(body as Record<string, Json>).map(([key, value]) => ({
    path: [...path, ...key.split('/')],
    value: nodeFromJson(value),
  }));
}
