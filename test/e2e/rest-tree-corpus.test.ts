import { applyChanges, type Json, type Node, nodeFromJson, nodeToJson, parsePath, UNLIMITED } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listenTo, type SentEvents } from '../../packages/rest/src/testing/event-source.js';
import { type Operation, type QueryJson, readCorpus, type Scenario } from '../../sdk/src/sync/testing/corpus.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const PATIENCE = { timeout: 10_000, interval: 2 };
const CORPUS = readCorpus();

let server: ServerHandle;

beforeAll(async () => {
  server = await startServer({ args: ['--indexes', JSON.stringify(indexesOf(CORPUS))] });
});

afterAll(() => server?.stop());

/** One for each order that a scenario asks for: over HTTP nothing is searched child by child. */
function indexesOf(corpus: typeof CORPUS): { pattern: string; by: string }[] {
  const scenarios = corpus.flatMap((topic) => topic.scenarios);
  const asked = scenarios.flatMap(({ queries = [], listen }) => [...queries, ...(listen ? [listen] : [])]);
  const indexes = new Map<string, { pattern: string; by: string }>();
  for (const { path, query } of asked) {
    const orderBy = query?.orderBy;
    if (typeof orderBy !== 'string' || orderBy === '$key' || orderBy === '$priority') continue;
    const by = orderBy === '$value' ? 'value' : orderBy;
    indexes.set(`${path} ${by}`, { pattern: path, by });
  }
  return [...indexes.values()];
}

function urlOf(path: string, query: Readonly<Record<string, string>> = {}): string {
  const keys = path.replace(/^\/|\/$/g, '').split('/');
  const encoded = keys.map(encodeKey).join('/');
  const search = new URLSearchParams({ format: 'export', ...query });
  return `http://127.0.0.1:${server.httpPort}/${encoded}.json?${search}`;
}

/** Percent-encodes also what is no proper Unicode, as the three bytes that each half of a pair would have. */
function encodeKey(key: string): string {
  const encode = (character: string): string => {
    const unit = character.charCodeAt(0);
    if (character.length === 2 || unit < 0xd800 || unit > 0xdfff) return encodeURIComponent(character);
    return [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63)]
      .map((b) => `%${b.toString(16)}`)
      .join('');
  };
  return Array.from(key, encode).join('');
}

/** As `JSON.stringify`, also where maps of one child are nested deeper than that can go. */
function textOf(value: Json): string {
  let head = '';
  let inner = value;
  let levels = 0;
  while (typeof inner === 'object' && inner !== null && !Array.isArray(inner) && Object.keys(inner).length === 1) {
    const [key, child] = Object.entries(inner)[0]!;
    head += `{${JSON.stringify(key)}:`;
    inner = child;
    levels += 1;
  }
  return head + JSON.stringify(inner) + '}'.repeat(levels);
}

function parametersOf(query: QueryJson): Record<string, string> {
  const parameters: Record<string, string> = { orderBy: '"$priority"' };
  for (const [name, value] of Object.entries(query)) {
    const pair = Array.isArray(value) ? value : [value];
    parameters[name] = pair.map((part) => JSON.stringify(part)).join(',');
  }
  return parameters;
}

async function send(method: string, path: string, body?: Json): Promise<Response> {
  return fetch(urlOf(path), { method, ...(body !== undefined && { body: textOf(body) }) });
}

async function get(path: string, query?: Record<string, string>): Promise<Json> {
  return (await (await fetch(urlOf(path, query))).json()) as Json;
}

function perform({ method, path, value = null, priority }: Operation): Promise<Response> {
  switch (method) {
    case 'remove':
      return send('DELETE', path);
    case 'update':
      return send('PATCH', path, value);
    case 'priority':
      return send('PUT', `${path}/.priority`, value);
    case 'set':
      return send('PUT', path, priority === undefined ? value : withPriority(value, priority));
  }
}

function withPriority(value: Json, priority: string | number | null): Json {
  const isMap = typeof value === 'object' && value !== null;
  return isMap ? { ...value, '.priority': priority } : { '.value': value, '.priority': priority };
}

/** What a client knows that applies events. */
class Watched {
  #node: Node = null;
  readonly #events: SentEvents;

  constructor(events: SentEvents) {
    this.#events = events;
  }

  /** Applies what comes until the state is the expected one. */
  async expect(expected: Json | undefined): Promise<void> {
    await vi.waitFor(() => {
      for (const { event, data } of this.#events.take()) this.#apply(event, data as { path: string; data: Json });
      expect(nodeToJson(this.#node, 'export')).toEqual(expected);
    }, PATIENCE);
  }

  #apply(event: string, { path, data }: { path: string; data: Json }): void {
    const entries = event === 'patch' ? Object.entries(data as object) : [['', data] as const];
    const changes = entries.map(([key, value]) => ({
      path: parsePath(`${path}/${key}`),
      value: nodeFromJson(value, { limits: UNLIMITED }),
    }));
    this.#node = applyChanges(this.#node, changes);
  }
}

async function run(scenario: Scenario): Promise<void> {
  expect((await send('PUT', '/', scenario.before)).status).toBe(200);
  const { listen } = scenario;
  const events = listen && (await listenTo(urlOf(listen.path, listen.query && parametersOf(listen.query))));
  const watched = events && new Watched(events);
  await watched?.expect(listen?.values[0]);
  for (const [index, operation] of scenario.operations.entries()) {
    const { status, headers } = await perform(operation);
    if (operation.error === undefined) expect(status).toBe(200);
    else expect(headers.get('code')).toBe(operation.error);
    await watched?.expect(listen?.values[index + 1]);
  }
  events?.close();
  expect(await get('/')).toEqual(nodeToJson(nodeFromJson(scenario.after, { limits: UNLIMITED }), 'export'));
  if (scenario.val !== undefined) {
    expect(await (await fetch(urlOf('/').replace('format=export', ''))).json()).toEqual(scenario.val);
  }
  for (const { path, query, entries } of scenario.queries ?? []) {
    expect((await get(path, parametersOf(query))) ?? {}).toEqual(Object.fromEntries(entries));
  }
}

for (const { topic, scenarios } of CORPUS) {
  describe(`${topic} (over HTTP)`, () => {
    const timeless = scenarios.filter(({ now }) => now === undefined);
    it.each(timeless.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => run(scenario));
  });
}
