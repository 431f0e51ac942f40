import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { NewJob } from '../queue.js';
import { consume, DONE, newJob, SOON, type Subject, settled } from './queue-fixture.js';

/** What becomes of jobs that are dead, known already, or taken back. */
export function endingCases(subject: Subject): void {
  test('a dead job is listed, and runs again with all of its attempts when asked to', async () => {
    const { queue } = subject;
    const job = newJob({ data: { a: null } });
    let fails = true;
    const { heard } = consume(queue, job.queue, async () => (fails ? { kind: 'dead', error: 'no way' } : DONE));
    await queue.submit(job);
    const letters = async () => queue.dead(job.queue, 10);
    await vi.waitFor(async () => expect(await letters()).toHaveLength(1), SOON);
    expect((await letters())[0]).toMatchObject({ job, attempts: 1, error: 'no way' });
    await vi.waitFor(async () => {
      expect(await queue.counts(job.queue)).toEqual({ waiting: 0, running: 0, dead: 1 });
    }, SOON);
    fails = false;
    expect(await queue.retryDead(job.queue, job.id)).toBe(true);
    await vi.waitFor(() => expect(heard).toHaveLength(2), SOON);
    expect(heard[1]).toMatchObject({ attempt: 1, job });
    expect(await letters()).toEqual([]);
    expect(await queue.retryDead(job.queue, job.id)).toBe(false);
  });

  test('a dead job can be dropped, one among others', async () => {
    const { queue } = subject;
    const jobs = [newJob(), newJob(), newJob()].map((job, _index, [first]) => ({ ...job, queue: first!.queue }));
    const [{ queue: name }] = jobs as [NewJob];
    consume(queue, name, async () => ({ kind: 'dead', error: '' }));
    for (const job of jobs) await queue.submit(job);
    const ids = async () => (await queue.dead(name, 10)).map(({ job }) => job.id).sort();
    await vi.waitFor(async () => expect(await ids()).toEqual(jobs.map(({ id }) => id).sort()), SOON);
    expect(await queue.dropDead(name, jobs[1]!.id)).toBe(true);
    expect(await queue.dropDead(name, jobs[1]!.id)).toBe(false);
    expect(await ids()).toEqual([jobs[0]!.id, jobs[2]!.id].sort());
    expect(await queue.dead(name, 1)).toHaveLength(1);
  });

  test('the id of a job is taken for good, also when the job is done', async ({ skip }) => {
    const { queue } = subject;
    if (!queue.supports.unique) skip('it keeps no ids');
    const job = newJob();
    const { heard } = consume(queue, job.queue);
    await queue.submit(job);
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON);
    await settled(queue, job.queue);
    expect(await queue.submit(job)).toEqual({ id: job.id, duplicate: true });
    await settled(queue, job.queue);
    expect(heard).toHaveLength(1);
  });

  test('of jobs with one key only one waits or runs', async ({ skip }) => {
    const { queue } = subject;
    if (!queue.supports.unique) skip('it keeps no keys');
    const name = `q-${randomUUID()}`;
    const alike = () => newJob({ queue: name, uniqueKey: 'the:one & only' });
    const submitted = await Promise.all([alike(), alike(), alike()].map((job) => queue.submit(job)));
    expect(submitted.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(submitted.map(({ id }) => id)).size).toBe(1);
    let finish = (): void => {};
    const { heard } = consume(queue, name, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return DONE;
    });
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON);
    expect((await queue.submit(alike())).duplicate).toBe(true);
    expect((await queue.submit(newJob({ uniqueKey: 'the:one & only' }))).duplicate).toBe(false);
    finish();
    await settled(queue, name);
    expect((await queue.submit(alike())).duplicate).toBe(false);
    await vi.waitFor(() => expect(heard).toHaveLength(2), SOON);
    finish();
  });

  test('a waiting job can be taken back', async ({ skip }) => {
    const { queue } = subject;
    if (!queue.supports.remove) skip('it cannot find a job that waits');
    const [gone, kept] = [newJob(), newJob()];
    await queue.submit(gone);
    await queue.submit({ ...kept, queue: gone.queue });
    expect(await queue.remove(gone.queue, gone.id)).toBe(true);
    expect(await queue.remove(gone.queue, gone.id)).toBe(false);
    const { heard } = consume(queue, gone.queue);
    await vi.waitFor(() => expect(heard.map(({ job }) => job.id)).toEqual([kept.id]), SOON);
  });
}
