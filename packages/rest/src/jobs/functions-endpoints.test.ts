import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database, openAuthorizer } from '@backside/api';
import { createMemoryPrivateTree } from '@backside/auth';
import {
  createFunctions,
  createFunctionsDesk,
  type FunctionDeadLetter,
  type FunctionsDesk,
  type FunctionsReport,
} from '@backside/jobs';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { nodeToJson, parsePath } from '@backside/tree';
import { expect, onTestFinished, test, vi } from 'vitest';
import { adminToken, ask, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

const SOON = { timeout: 20_000, interval: 20 };

const PAY = `import { onCreate } from '@backside/jobs/functions';
export const pay = onCreate('/orders/{id}', { attempts: 1 }, async ({ params }, { database }) => {
  if ((await database.get('/fixed')) === null) throw new Error('no such card');
  await database.set('/paid/' + params.id, true);
});`;

/** A server that shows functions, which run beside it over a database of their own. */
async function start(): Promise<{ server: TestServer; token: string; database: Database }> {
  let desk: FunctionsDesk | null = null;
  const server = await startServer({ rest: { functions: () => desk } });
  const directory = await mkdtemp(join(tmpdir(), 'rest-functions-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'shop.js'), PAY);
  const journal = createMemoryJournal();
  const replica = createMemoryReplica({ epoch: journal.epoch });
  const common = { logger: SILENT_LOGGER, now: Date.now, sleep, nodeId: 'one' };
  const database = await createDatabase({
    ...common,
    name: 'main',
    journal,
    replica,
    notifier: createMemoryNotifier(),
    authorizer: openAuthorizer,
    random: Math.random,
  });
  const tree = createMemoryPrivateTree();
  const functions = await createFunctions({ ...common, directory, database, journal, reader: replica, tree });
  onTestFinished(() => functions.close());
  desk = createFunctionsDesk(tree);
  return { server, token: await adminToken(server), database };
}

function set(database: Database, path: string): Promise<unknown> {
  return database.write({ principal: ADMIN, steps: [{ method: 'set', path: parsePath(path), value: true }] });
}

const DEAD = '/.functions/dead';

test('functions are listed with what waits for them, and their dead letters are run again or dropped', async () => {
  const { server, token, database } = await start();
  for (const id of ['a', 'b']) await set(database, `/orders/${id}`);
  const dead = async (query = '') =>
    (await ask<{ dead: FunctionDeadLetter[] }>(server, `GET ${DEAD}${query}`, { token })).json.dead;
  await vi.waitFor(async () => expect(await dead()).toHaveLength(2), SOON);
  const [letter, other] = (await dead('?function=shop:pay')) as [FunctionDeadLetter, FunctionDeadLetter];
  expect(letter).toMatchObject({ function: 'shop:pay', attempts: 1, event: { after: true } });
  expect(letter.reason).toContain('no such card');
  expect(await dead('?function=shop:other')).toEqual([]);
  expect(await dead('?limit=1')).toHaveLength(1);
  const { json } = await ask<FunctionsReport & { head: number }>(server, 'GET /.functions', { token });
  expect(json).toMatchObject({ node: 'one', revision: database.revision });
  const trigger = { kind: 'create', pattern: '/orders/{id}' };
  const waiting = { pending: 0, failing: 0, error: null, dead: 2, fired: null };
  expect(json.functions).toEqual([{ name: 'shop:pay', trigger, ...waiting }]);

  await set(database, '/fixed');
  const path = ({ function: name, key }: FunctionDeadLetter) => `${DEAD}/${encodeURIComponent(name)}/${key}`;
  expect((await ask(server, `POST ${path(letter)}/retry`, { token })).status).toBe(204);
  const paid = () => nodeToJson(database.read(ADMIN, ['paid']).node, 'val');
  const { id } = (letter.event as { params: { id: string } }).params;
  await vi.waitFor(() => expect(paid()).toEqual({ [id]: true }), SOON);
  expect((await ask(server, `DELETE ${path(other)}`, { token })).status).toBe(204);
  expect(await dead()).toEqual([]);
  for (const line of [`POST ${path(letter)}/retry`, `DELETE ${path(other)}`, `DELETE ${DEAD}/a.b/c`])
    expect((await ask(server, line, { token })).status).toBe(404);
  expect((await ask(server, `GET ${DEAD}?limit=101`, { token })).status).toBe(400);
});

test('nobody but an admin may, and where there are no functions there is nothing', async () => {
  const server = await startServer();
  const { accessToken: token } = await signUp(server);
  const admin = await adminToken(server);
  for (const line of ['GET /.functions', `GET ${DEAD}`, `POST ${DEAD}/a:b/c/retry`, `DELETE ${DEAD}/a:b/c`]) {
    expect((await ask(server, line)).status).toBe(401);
    expect((await ask(server, line, { token })).status).toBe(403);
    expect((await ask(server, line, { token: admin })).status).toBe(404);
  }
});
