import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  type Change,
  encodeNode,
  isPriorityPath,
  type Json,
  nodeFromJson,
  parsePath,
  parseQuery,
  parseUpdate,
  readLeaf,
  readNode,
  withPriority,
} from '@backside/tree';
import { expect, it } from 'vitest';
import type { Replica } from './replica.js';
import { commitOf } from './replica-samples.js';

/** The scenarios of the tree package, whose README describes their format; they stand in the repository only. */
const FOLDER = new URL('../../tree/corpus/', import.meta.url);

interface Scenario {
  readonly name: string;
  readonly now?: number;
  readonly before: Json;
  readonly operations: readonly Operation[];
  readonly after: Json;
  readonly queries?: readonly { readonly path: string; readonly query: Json; readonly entries: [string, Json][] }[];
}

interface Operation {
  readonly method: 'set' | 'update' | 'remove' | 'priority';
  readonly path: string;
  readonly value?: Json;
  readonly priority?: string | number | null;
  /** The operation is refused before it could become a commit. */
  readonly error?: string;
}

/** Runs every scenario as commits. One test per topic. */
export function replicaCorpus(replica: () => Replica): void {
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.corpus.json')) : [];
  for (const file of files) {
    it(`holds and finds what the tree corpus says: ${file.replace('.corpus.json', '')}`, async () => {
      const { scenarios } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { scenarios: Json[] };
      for (const [index, scenario] of scenarios.entries()) {
        await replica().reset(`${file.replaceAll('.', '-')}-${index}`);
        await run(replica(), expand(scenario) as unknown as Scenario);
      }
    });
  }
}

async function run(replica: Replica, scenario: Scenario): Promise<void> {
  if (scenario.before !== null) replica.apply([commitOf(1, [{ path: [], value: nodeFromJson(scenario.before) }])]);
  if (replica.supports.persistent) await replica.checkpoint();
  for (const operation of scenario.operations) {
    if (operation.error !== undefined) continue;
    replica.apply([commitOf(replica.revision + 1, changesOf(operation, replica, scenario.now ?? 0))]);
  }
  expectScenario(replica, scenario);
  if (!replica.supports.persistent) return;
  await replica.checkpoint();
  expectScenario(replica, scenario);
}

function expectScenario(replica: Replica, { name, after, queries = [] }: Scenario): void {
  const expected = nodeFromJson(after);
  expect([name, encodeNode(readNode(replica, []), 'export')]).toEqual([name, encodeNode(expected, 'export')]);
  expect([name, Buffer.concat([...replica.streamJson([], 'val')]).toString()]).toEqual([
    name,
    encodeNode(expected, 'val'),
  ]);
  for (const { path, query, entries } of queries) {
    const found = replica.query(parsePath(path), parseQuery(query)).entries;
    expect([name, found.map(([key, node]) => [key, encodeNode(node, 'export')])]).toEqual([
      name,
      entries.map(([key, json]) => [key, encodeNode(nodeFromJson(json), 'export')]),
    ]);
  }
}

/** The changes that an operation comes to on the state of the replica. */
function changesOf(operation: Operation, replica: Replica, now: number): Change[] {
  const path = parsePath(operation.method === 'priority' ? `${operation.path}/.priority` : operation.path);
  if (operation.method === 'remove') return [{ path, value: null }];
  const existing = (relative: readonly string[]): ReturnType<typeof readLeaf> =>
    readLeaf(replica, [...path, ...relative]);
  const serverValues = { now, existing };
  if (operation.method === 'update') return parseUpdate(path, operation.value, { serverValues });
  const depth = path.length - (isPriorityPath(path) ? 1 : 0);
  const value = nodeFromJson(operation.value, { depth, serverValues });
  return [{ path, value: operation.priority === undefined ? value : withPriority(value, operation.priority) }];
}

/** Replaces the placeholders of the corpus for what would be too long to write out. */
function expand(json: unknown): Json {
  if (typeof json !== 'object' || json === null) return json as Json;
  if (Array.isArray(json)) return json.map(expand);
  const { $repeat, $nest } = json as { $repeat?: [string, number]; $nest?: [string, number, Json] };
  if ($repeat) return $repeat[0].repeat($repeat[1]);
  if ($nest) return Array.from({ length: $nest[1] }).reduce<Json>((inner) => ({ [$nest[0]]: inner }), $nest[2]);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, expand(value)]));
}
