/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs';
import type { Json } from '@backside/tree';
import type { Database } from '../../database.js';

export type QueryJson = Readonly<Record<string, Json>>;

/** A scenario of the corpus; the format is described in the tree package's README. */
export interface Scenario {
  readonly name: string;
  readonly now?: number;
  readonly before: Json;
  readonly operations: readonly Operation[];
  readonly after: Json;
  readonly val?: Json;
  readonly listen?: { readonly path: string; readonly query?: QueryJson; readonly values: readonly Json[] };
  readonly queries?: readonly {
    readonly path: string;
    readonly query: QueryJson;
    readonly entries: readonly [string, Json][];
  }[];
}

export interface Operation {
  readonly method: 'set' | 'update' | 'remove' | 'priority';
  readonly path: string;
  readonly value?: Json;
  readonly priority?: string | number | null;
  /** The code that it is refused with. */
  readonly error?: string;
}

const FOLDER = new URL('../../../../packages/tree/corpus/', import.meta.url);

/** The corpus by topic, placeholders filled in. */
export function readCorpus(): { topic: string; scenarios: Scenario[] }[] {
  return readdirSync(FOLDER).map((file) => {
    const read = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { topic: string; scenarios: unknown[] };
    return { topic: read.topic, scenarios: read.scenarios.map((scenario) => expand(scenario) as unknown as Scenario) };
  });
}

/** Makes an operation; rejects with what refuses it, here or on the server. */
export async function perform(db: Database, { method, path, value = null, priority }: Operation): Promise<unknown> {
  const ref = db.ref(path);
  switch (method) {
    case 'remove':
      return ref.remove();
    case 'update':
      return ref.update(value as { [path: string]: Json });
    case 'priority':
      return ref.setPriority(value as string | number | null);
    case 'set':
      return priority === undefined ? ref.set(value) : ref.setWithPriority(value, priority);
  }
}

function expand(json: unknown): Json {
  if (typeof json !== 'object' || json === null) return json as Json;
  if (Array.isArray(json)) return json.map(expand);
  const { $repeat, $nest } = json as { $repeat?: [string, number]; $nest?: [string, number, Json] };
  if ($repeat) return $repeat[0].repeat($repeat[1]);
  if ($nest) return Array.from({ length: $nest[1] }).reduce<Json>((inner) => ({ [$nest[0]]: inner }), $nest[2]);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, expand(value)]));
}
