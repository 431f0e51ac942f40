import { connect, type Database } from '@backside/sdk';
import { type Json, nodeFromJson, nodeToJson, UNLIMITED } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nodeSocket } from '../../sdk/src/node/socket.js';
import { perform, type QueryJson, readCorpus, type Scenario } from '../../sdk/src/sync/testing/corpus.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const PATIENCE = { timeout: 10_000, interval: 2 };

let server: ServerHandle;
let writer: Database;
let reader: Database;

beforeAll(async () => {
  server = await startServer();
  writer = connect(server.url, { socket: nodeSocket });
  reader = connect(server.url, { socket: nodeSocket });
});

afterAll(async () => {
  await writer?.close();
  await reader?.close();
  await server?.stop();
});

/** What a listener of a client sees last; null before the first event. */
function watch(
  client: Database,
  { path, query }: { path: string; query?: QueryJson },
): { shown: Json; stop: () => void } {
  const watched: { shown: Json; stop: () => void } = { shown: null, stop: () => undefined };
  watched.stop = client.on(
    path,
    (_, snapshot) => {
      watched.shown = snapshot.exportVal();
    },
    query && { query },
  );
  return watched;
}

async function exported(client: Database, path: string): Promise<Json> {
  return (await client.ref(path).get()).exportVal();
}

async function run(scenario: Scenario): Promise<void> {
  await writer.set('/', scenario.before);
  const seen = scenario.listen && [watch(writer, scenario.listen), watch(reader, scenario.listen)];
  const expectSeen = async (index: number): Promise<void> => {
    const expected = scenario.listen?.values[index];
    for (const watched of seen ?? []) await vi.waitFor(() => expect(watched.shown).toEqual(expected), PATIENCE);
  };
  await expectSeen(0);
  for (const [index, operation] of scenario.operations.entries()) {
    const done = perform(writer, operation);
    if (operation.error === undefined) await done;
    else await expect(done).rejects.toMatchObject({ code: operation.error });
    await expectSeen(index + 1);
  }
  for (const { stop } of seen ?? []) stop();
  const after = nodeToJson(nodeFromJson(scenario.after, { limits: UNLIMITED }), 'export');
  // The reader may still be listening since the scenario before, and be told a little later.
  await vi.waitFor(async () => expect(await exported(reader, '/')).toEqual(after), PATIENCE);
  if (scenario.val !== undefined) expect(await reader.get('/')).toEqual(scenario.val);
  for (const query of scenario.queries ?? []) await expectEntries(query);
}

async function expectEntries({ path, query, entries }: NonNullable<Scenario['queries']>[number]): Promise<void> {
  const found: [string | null, Json][] = [];
  for await (const snapshot of reader.changes(path, { query })) {
    if (snapshot.state !== 'confirmed') continue;
    for (const child of snapshot) found.push([child.key, child.exportVal()]);
    break;
  }
  expect(found).toEqual(entries);
}

for (const { topic, scenarios } of readCorpus()) {
  describe(`${topic} (through the SDK and a server)`, () => {
    const timeless = scenarios.filter(({ now }) => now === undefined);
    it.each(timeless.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => run(scenario));
  });
}
