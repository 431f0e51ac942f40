import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { Outcome } from '../queue.js';
import {
  client,
  consume,
  DONE,
  finishSlowly,
  newJob,
  SOON,
  type Subject,
  settled,
  VISIBILITY_MS,
} from './queue-fixture.js';

/** Several consumers, and what happens when they close, break or die. */
export function sharingCases(subject: Subject): void {
  test('several processes share the jobs, and each job is delivered once', async () => {
    const { fixture, queue } = subject;
    const name = `q-${randomUUID()}`;
    const other = (await client(fixture)).queue;
    const heard = [consume(queue, name, finishSlowly, 5).heard, consume(other, name, finishSlowly, 5).heard];
    const ids = Array.from({ length: 60 }, () => `job-${randomUUID()}`);
    await Promise.all(ids.map((id, index) => [queue, other][index % 2]!.submit(newJob({ id, queue: name }))));
    await vi.waitFor(() => expect(heard.flat().length).toBeGreaterThanOrEqual(ids.length), SOON);
    await settled(queue, name);
    expect(
      heard
        .flat()
        .map(({ job }) => job.id)
        .sort(),
    ).toEqual(ids.sort());
    for (const half of heard) expect(half.length).toBeGreaterThan(0);
  });

  test('no more jobs run at once than were asked for', async () => {
    const { queue } = subject;
    const name = `q-${randomUUID()}`;
    let running = 0;
    let most = 0;
    const { heard } = consume(
      queue,
      name,
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 30));
        running -= 1;
        return DONE;
      },
      3,
    );
    await Promise.all(Array.from({ length: 12 }, () => queue.submit(newJob({ queue: name }))));
    await vi.waitFor(() => expect(heard).toHaveLength(12), SOON);
    expect(most).toBe(3);
  });

  test('a consumer that closes ends what it has, and takes no more', async () => {
    const { queue } = subject;
    const name = `q-${randomUUID()}`;
    let finish = (): void => {};
    const { heard, consumer } = consume(queue, name, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return DONE;
    });
    await queue.submit(newJob({ queue: name }));
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON);
    const closing = consumer.close();
    await queue.submit(newJob({ queue: name }));
    finish();
    await closing;
    expect(heard).toHaveLength(1);
    await vi.waitFor(async () => expect(await queue.counts(name)).toEqual({ waiting: 1, running: 0, dead: 0 }), SOON);
  });

  test('a job that takes longer than the visibility stays with its living consumer', async () => {
    const { fixture, queue } = subject;
    const name = `q-${randomUUID()}`;
    const other = (await client(fixture)).queue;
    let ended = 0;
    const slow = async (): Promise<Outcome> => {
      await new Promise((resolve) => setTimeout(resolve, 2 * VISIBILITY_MS));
      ended += 1;
      return DONE;
    };
    const heard = [consume(queue, name, slow).heard, consume(other, name, slow).heard];
    await queue.submit(newJob({ queue: name }));
    await vi.waitFor(async () => {
      expect(ended).toBe(1);
      expect(await queue.counts(name)).toEqual({ waiting: 0, running: 0, dead: 0 });
    }, SOON);
    expect(heard.flat()).toHaveLength(1);
  });

  test('connections that break are made again, and no job is lost', async ({ skip }) => {
    const { fixture } = subject;
    const line = await client(fixture);
    if (line.breakConnections === undefined) skip('it has no connections');
    const name = `q-${randomUUID()}`;
    const { heard } = consume(line.queue, name, finishSlowly, 3);
    const ids = Array.from({ length: 40 }, () => `job-${randomUUID()}`);
    for (const [index, id] of ids.entries()) {
      if (index % 15 === 10) line.breakConnections?.();
      await vi.waitFor(() => line.queue.submit(newJob({ id, queue: name })), SOON);
    }
    await vi.waitFor(() => expect(new Set(heard.map(({ job }) => job.id))).toEqual(new Set(ids)), SOON);
  });

  test('what a process had that died goes to others as the next attempt, and its own outcome counts no more', async () => {
    const { fixture, queue } = subject;
    const job = newJob();
    const dying = await fixture.client();
    let finish = (): void => {};
    const { heard: first } = consume(dying.queue, job.queue, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { kind: 'dead', error: 'too late' };
    });
    await queue.submit(job);
    await vi.waitFor(() => expect(first).toHaveLength(1), SOON);
    const { heard: second } = consume(queue, job.queue);
    await dying.cut();
    await vi.waitFor(() => expect(second).toHaveLength(1), SOON);
    expect(second[0]).toMatchObject({ attempt: 2, job });
    await vi.waitFor(() => expect(first[0]!.lost.aborted).toBe(true), SOON);
    finish();
    await settled(queue, job.queue);
    expect(await queue.dead(job.queue, 10)).toEqual([]);
    expect(second).toHaveLength(1);
  });
}
