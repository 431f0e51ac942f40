import { createMemoryPrivateTree } from '@backside/auth';
import { createEmbeddedQueue, createJobs, FinalError, type JobStatus, type Jobs } from '@backside/jobs';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { adminToken, ask, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

const SOON = { timeout: 10_000, interval: 10 };

/** A server with jobs of which some fail, and an admin of it. */
async function start(): Promise<{ server: TestServer; token: string }> {
  let jobs: Jobs | null = null;
  const server = await startServer({ rest: { jobs: () => jobs } });
  const tree = createMemoryPrivateTree();
  const opened = createJobs({
    queue: createEmbeddedQueue({ tree, logger: SILENT_LOGGER, now: Date.now }),
    database: server.main.database,
    tree,
    handlers: new Map([
      ['double', (data: unknown) => 2 * Number(data)],
      [
        'fail',
        () => {
          throw new FinalError('as it must');
        },
      ],
    ]),
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
  });
  jobs = opened;
  onTestFinished(() => opened.close());
  return { server, token: await adminToken(server) };
}

test('an admin submits a job and sees what became of it', async () => {
  const { server, token } = await start();
  const sent = await ask<{ id: string }>(server, 'POST /.jobs', {
    token,
    body: { name: 'double', data: 21, id: 'j1' },
  });
  expect(sent.status).toBe(201);
  expect(sent.json).toEqual({ id: 'j1', duplicate: false });
  const show = () => ask<JobStatus>(server, 'GET /.jobs/j1', { token });
  await vi.waitFor(async () => expect((await show()).json.state).toBe('done'), SOON);
  expect((await show()).json).toMatchObject({ name: 'double', result: 42, attempt: 1, error: null });
  const again = await ask(server, 'POST /.jobs', { token, body: { name: 'double', id: 'j1' } });
  expect(again.status).toBe(200);
  expect(again.json).toEqual({ id: 'j1', duplicate: true });
});

test('jobs are listed by state, and one that waits is cancelled', async () => {
  const { server, token } = await start();
  const body = { name: 'double', delayMs: 60_000, id: 'later', backoff: { kind: 'fixed', delayMs: 5 } };
  await ask(server, 'POST /.jobs', { token, body });
  const list = async (query: string) => {
    const { json } = await ask<{ jobs: JobStatus[] }>(server, `GET /.jobs?${query}`, { token });
    return json.jobs.map(({ id, state }) => `${id} ${state}`);
  };
  expect(await list('state=waiting&queue=default&limit=5')).toEqual(['later waiting']);
  expect(await list('state=done')).toEqual([]);
  const counts = await ask(server, 'GET /.jobs/queues/default', { token });
  expect(counts.json).toEqual({ waiting: 1, running: 0, dead: 0 });
  expect((await ask(server, 'DELETE /.jobs/later', { token })).status).toBe(204);
  expect(await list('limit=5')).toEqual(['later cancelled']);
  expect((await ask(server, 'DELETE /.jobs/later', { token })).status).toBe(412);
});

test('dead jobs are listed, run again and dropped', async () => {
  const { server, token } = await start();
  await ask(server, 'POST /.jobs', { token, body: { name: 'fail', id: 'bad' } });
  const dead = '/.jobs/queues/default/dead';
  const list = () => ask<{ dead: { error: string }[] }>(server, `GET ${dead}`, { token });
  await vi.waitFor(async () => expect((await list()).json.dead).toHaveLength(1), SOON);
  expect((await list()).json.dead[0]).toMatchObject({ error: 'as it must', attempts: 1, job: { id: 'bad' } });
  expect((await ask(server, `POST ${dead}/bad/retry`, { token })).status).toBe(204);
  await vi.waitFor(async () => expect((await list()).json.dead).toHaveLength(1), SOON);
  expect((await ask(server, `DELETE ${dead}/bad`, { token })).status).toBe(204);
  expect((await list()).json.dead).toEqual([]);
  expect((await ask(server, `DELETE ${dead}/bad`, { token })).status).toBe(404);
});

test('nobody but an admin may', async () => {
  const { server } = await start();
  const { accessToken: token } = await signUp(server);
  for (const line of ['GET /.jobs', 'POST /.jobs', 'GET /.jobs/x', 'DELETE /.jobs/x', 'GET /.jobs/queues/default']) {
    expect((await ask(server, line)).status).toBe(401);
    expect((await ask(server, line, { token })).status).toBe(403);
  }
});

test('a request that makes no sense is refused', async () => {
  const { server, token } = await start();
  const status = async (line: string, body?: unknown) => (await ask(server, line, { token, body })).status;
  expect(await status('POST /.jobs', { data: 1 })).toBe(400);
  expect(await status('POST /.jobs', { name: 'double', unknown: 1 })).toBe(400);
  expect(await status('POST /.jobs', { name: 'double', id: 'a/b' })).toBe(400);
  expect(await status('POST /.jobs', { name: 'double', backoff: { often: true } })).toBe(400);
  expect(await status('GET /.jobs?state=lost')).toBe(400);
  expect(await status('GET /.jobs?limit=0')).toBe(400);
  expect(await status('GET /.jobs/unknown')).toBe(404);
  expect(await status('DELETE /.jobs/unknown')).toBe(404);
});
