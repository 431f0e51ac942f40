import { type Json, nodeFromJson, nodeToJson, UNLIMITED } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import type { Database } from '../database.js';
import { clientOver } from './testing/client.js';
import { perform, readCorpus, type Scenario } from './testing/corpus.js';
import { MemoryConnection, turn } from './testing/memory-connection.js';

/** What a listener sees last. */
function watch(db: Database, { path, query }: NonNullable<Scenario['listen']>): { shown: Json } {
  const watched: { shown: Json } = { shown: null };
  db.on(
    path,
    (_, snapshot) => {
      watched.shown = snapshot.exportVal();
    },
    query && { query },
  );
  return watched;
}

/** Each operation is looked at as this client shows it at once, and as the server has it. */
async function run(scenario: Scenario): Promise<void> {
  const connection = new MemoryConnection();
  connection.server.now = scenario.now ?? 0;
  connection.server.commit([{ path: [], value: nodeFromJson(scenario.before) }]);
  const { db, errors } = clientOver(connection, { now: scenario.now ?? 0 });
  const whole = watch(db, { path: '/', values: [] });
  const listened = scenario.listen && watch(db, scenario.listen);
  await connection.settle();
  for (const [index, operation] of scenario.operations.entries()) {
    const done = perform(db, operation);
    const verdict =
      operation.error === undefined ? done : expect(done).rejects.toMatchObject({ code: operation.error });
    await turn();
    const optimistic = structuredClone(whole.shown);
    await connection.settle();
    await verdict;
    expect(optimistic).toEqual(whole.shown);
    if (listened) expect(listened.shown).toEqual(scenario.listen?.values[index + 1]);
  }
  expect(errors).toEqual([]);
  expect(whole.shown).toEqual(nodeToJson(nodeFromJson(scenario.after, { limits: UNLIMITED }), 'export'));
}

for (const { topic, scenarios } of readCorpus()) {
  describe(`${topic} (local view)`, () => {
    it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => run(scenario));
  });
}
