/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyChanges, type Change } from './change.js';
import { encodeNode, nodeToJson } from './encode.js';
import { type Json, nodeFromJson } from './json.js';
import { UNLIMITED } from './limits.js';
import { type Node, nodesEqual, withPriority } from './node.js';
import { isPriorityPath, parsePath } from './path.js';
import { applyQuery, queryEntries } from './query.js';
import { parseQuery } from './query-json.js';
import { readQuery } from './read-query.js';
import { nodeReader, readLeaf, readNode, type TreeReader } from './reader.js';
import { SparseTree } from './sparse-tree.js';
import { sortedText } from './testing/sorted-text.js';
import { parseUpdate } from './update.js';

/** The format is described in the package's README. */
interface Scenario {
  readonly name: string;
  readonly now?: number;
  readonly before: Json;
  readonly operations: readonly Operation[];
  readonly after: Json;
  readonly val?: Json;
  readonly listen?: { readonly path: string; readonly query?: Json; readonly values: readonly Json[] };
  readonly queries?: readonly { readonly path: string; readonly query: Json; readonly entries: [string, Json][] }[];
}

interface Operation {
  readonly method: 'set' | 'update' | 'remove' | 'priority';
  readonly path: string;
  readonly value?: Json;
  readonly priority?: string | number | null;
  readonly error?: string;
}

const FOLDER = new URL('../corpus/', import.meta.url);
const TOPICS = readdirSync(FOLDER).map((file) => {
  const parsed = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { topic: string; scenarios: Scenario[] };
  return {
    topic: parsed.topic,
    scenarios: parsed.scenarios.map((scenario) => expand(scenario) as unknown as Scenario),
  };
});

/** Replaces the placeholders for what would be too long to write out. */
function expand(json: unknown): Json {
  if (typeof json !== 'object' || json === null) return json as Json;
  if (Array.isArray(json)) return json.map(expand);
  const { $repeat, $nest } = json as { $repeat?: [string, number]; $nest?: [string, number, Json] };
  if ($repeat) return $repeat[0].repeat($repeat[1]);
  if ($nest) return Array.from({ length: $nest[1] }).reduce<Json>((inner) => ({ [$nest[0]]: inner }), $nest[2]);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, expand(value)]));
}

/** The changes of an operation on the state that `state` reads. */
function changesOf(operation: Operation, state: TreeReader, now: number): Change[] {
  const path = parsePath(operation.method === 'priority' ? `${operation.path}/.priority` : operation.path);
  if (operation.method === 'remove') return [{ path, value: null }];
  const serverValues = { now, existing: (relative: readonly string[]) => readLeaf(state, [...path, ...relative]) };
  if (operation.method === 'update') return parseUpdate(path, operation.value, { serverValues });
  const depth = path.length - (isPriorityPath(path) ? 1 : 0);
  const value = nodeFromJson(operation.value, { depth, serverValues });
  return [{ path, value: operation.priority === undefined ? value : withPriority(value, operation.priority) }];
}

interface Engine {
  apply(changes: readonly Change[]): void;
  readonly state: TreeReader;
}

const ENGINES: Record<string, (before: Node) => Engine> = {
  'immutable nodes': (before) => {
    let node = before;
    return {
      apply(changes): void {
        node = applyChanges(node, changes);
      },
      get state(): TreeReader {
        return nodeReader(node);
      },
    };
  },
  'an overlay over the tree before': (before) => overlayEngine(nodeReader(before), []),
  'an overlay over nothing': (before) => overlayEngine(nodeReader(null), [{ path: [], value: before }]),
};

function overlayEngine(base: TreeReader, first: readonly Change[]): Engine {
  const overlay = new SparseTree();
  const apply = (changes: readonly Change[]): void => {
    for (const change of changes) overlay.apply(change, base);
  };
  apply(first);
  return { apply, state: overlay.over(base) };
}

function perform(engine: Engine, operation: Operation, now: number): void {
  const attempt = (): void => engine.apply(changesOf(operation, engine.state, now));
  if (operation.error === undefined) attempt();
  else expect(attempt).toThrow(expect.objectContaining({ name: 'TreeError', code: operation.error }));
}

function expectNode(actual: Node, json: Json): void {
  const expected = nodeFromJson(json, { limits: UNLIMITED });
  if (nodesEqual(actual, expected)) return;
  expect.unreachable(
    `${encodeNode(actual, 'export').slice(0, 1000)} instead of ${encodeNode(expected, 'export').slice(0, 1000)}`,
  );
}

function listened(state: TreeReader, { path, query = {} }: NonNullable<Scenario['listen']>): Node {
  return applyQuery(readNode(state, parsePath(path)), parseQuery(query));
}

function run(scenario: Scenario, engine: Engine): void {
  const { listen } = scenario;
  if (listen) expectNode(listened(engine.state, listen), listen.values[0] as Json);
  for (const [index, operation] of scenario.operations.entries()) {
    perform(engine, operation, scenario.now ?? 0);
    if (listen) expectNode(listened(engine.state, listen), listen.values[index + 1] as Json);
  }
  const after = readNode(engine.state, []);
  expectNode(after, scenario.after);
  if (scenario.val !== undefined) {
    expect(sortedText(JSON.parse(encodeNode(after, 'val')))).toBe(sortedText(scenario.val));
    expect(sortedText(nodeToJson(after, 'val'))).toBe(sortedText(scenario.val));
  }
  for (const { path, query, entries } of scenario.queries ?? []) {
    const parsed = parseQuery(query);
    for (const found of [
      queryEntries(readNode(engine.state, parsePath(path)), parsed),
      readQuery(engine.state, parsePath(path), parsed),
    ]) {
      expect(found.map(([key, node]) => [key, sortedText(nodeToJson(node, 'export'))])).toEqual(
        entries.map(([key, json]) => [key, sortedText(json)]),
      );
    }
  }
}

for (const [engineName, create] of Object.entries(ENGINES)) {
  for (const { topic, scenarios } of TOPICS) {
    describe(`${topic} (${engineName})`, () => {
      it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
        run(scenario, create(nodeFromJson(scenario.before)));
      });
    });
  }
}

describe('the corpus', () => {
  const scenarios = TOPICS.flatMap((topic) => topic.scenarios);

  it('has names that are unique, and as many listened values as there are states', () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
    for (const { listen, operations } of scenarios)
      if (listen) expect(listen.values).toHaveLength(operations.length + 1);
  });
});
