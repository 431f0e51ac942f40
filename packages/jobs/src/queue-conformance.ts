import { randomUUID } from 'node:crypto';
import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ConsumeOptions, Consumer, Delivery, NewJob, Outcome, Queue } from './queue.js';
import { createUniqueQueue } from './unique-queue.js';

/** One process that uses the queue. */
export interface QueueClient {
  readonly queue: Queue;
  /** Cuts it off from whatever keeps the jobs, for ever, as a crash would: nothing that it does arrives from now on. */
  cut(): void | Promise<void>;
}

/** What a driver gives the suite. */
export interface QueueFixture {
  /** Another process over the same jobs. */
  client(): Promise<QueueClient>;
  end(): Promise<void>;
}

/** The same for a queue that keeps no ids, with them kept as `createJobs` does it. */
export function keepingIds(fixture: QueueFixture): QueueFixture {
  const tree = createMemoryPrivateTree();
  return {
    client: async () => {
      const { queue, cut } = await fixture.client();
      return { queue: createUniqueQueue({ queue, tree, now: Date.now, logger: SILENT_LOGGER }), cut };
    },
    end: () => fixture.end(),
  };
}

const SOON = { timeout: 20_000, interval: 10 };
const DONE: Outcome = { kind: 'done' };
/** As short as a slow machine allows: a living consumer beats three times within. */
const VISIBILITY_MS = 1_500;

/** What every queue must do. */
export function queueConformance(name: string, create: () => Promise<QueueFixture>): void {
  describe(name, () => {
    let fixture: QueueFixture;
    let queue: Queue;
    beforeAll(async () => {
      fixture = await create();
      queue = (await fixture.client()).queue;
    }, 60_000);
    afterAll(async () => {
      await queue?.close();
      await fixture?.end();
    });

    test('a job arrives once, with everything that was said of it', async () => {
      const job = newJob({
        data: { text: 'ü\u{1f600}\n', none: null, empty: {}, list: [1, [], 'x'], deep: { a: { b: false } } },
      });
      expect(await queue.submit(job)).toEqual({ id: job.id, duplicate: false });
      const { heard } = consume(queue, job.queue);
      await vi.waitFor(() => expect(heard).toHaveLength(1), SOON);
      expect(heard[0]).toMatchObject({ attempt: 1, job });
      await settled(queue, job.queue);
      expect(heard).toHaveLength(1);
    });

    test('a job of half a megabyte arrives', async () => {
      const job = newJob({ data: 'x'.repeat(500_000) });
      const { heard } = consume(queue, job.queue);
      await queue.submit(job);
      await vi.waitFor(() => expect(heard).toHaveLength(1), SOON);
      expect(heard[0]!.job.data).toBe(job.data);
    });

    test('a delayed job comes no sooner than its time, and others do not wait for it', async () => {
      const startAt = Date.now() + 700;
      const late = newJob({ startAt });
      const early = newJob({ queue: late.queue });
      const times = new Map<string, number>();
      consume(queue, late.queue, async ({ job }) => {
        times.set(job.id, Date.now());
        return DONE;
      });
      await queue.submit(late);
      await queue.submit(early);
      await vi.waitFor(() => expect([...times.keys()]).toEqual([early.id, late.id]), SOON);
      expect(times.get(late.id)).toBeGreaterThanOrEqual(startAt);
    });

    test('a failed job comes again after its pause, as the next attempt', async () => {
      const job = newJob();
      const times: number[] = [];
      const { heard } = consume(queue, job.queue, async ({ attempt }) => {
        times.push(Date.now());
        return attempt < 3 ? { kind: 'retry', delayMs: 300, error: 'not yet' } : DONE;
      });
      await queue.submit(job);
      await vi.waitFor(() => expect(heard.map(({ attempt }) => attempt)).toEqual([1, 2, 3]), SOON);
      // A broker may round to its own ticks.
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(290);
      expect(heard[2]!.job).toEqual(job);
    });

    test('a job that is given back comes again, and that counts as no attempt where the queue says so', async () => {
      const job = newJob();
      let first = true;
      const { heard } = consume(queue, job.queue, async () => {
        if (!first) return DONE;
        first = false;
        return { kind: 'release' };
      });
      await queue.submit(job);
      await vi.waitFor(() => expect(heard).toHaveLength(2), SOON);
      expect(heard[1]!.attempt).toBe(queue.supports.uncounted ? 1 : 2);
    });

    test('a dead job is listed, and runs again with all of its attempts when asked to', async () => {
      const job = newJob({ data: { a: null } });
      let fails = true;
      const { heard } = consume(queue, job.queue, async () => (fails ? { kind: 'dead', error: 'no way' } : DONE));
      await queue.submit(job);
      const letters = async () => queue.dead(job.queue, 10);
      await vi.waitFor(async () => expect(await letters()).toHaveLength(1), SOON);
      expect((await letters())[0]).toMatchObject({ job, attempts: 1, error: 'no way' });
      expect(await queue.counts(job.queue)).toEqual({ waiting: 0, running: 0, dead: 1 });
      fails = false;
      expect(await queue.retryDead(job.queue, job.id)).toBe(true);
      await vi.waitFor(() => expect(heard).toHaveLength(2), SOON);
      expect(heard[1]).toMatchObject({ attempt: 1, job });
      expect(await letters()).toEqual([]);
      expect(await queue.retryDead(job.queue, job.id)).toBe(false);
    });

    test('a dead job can be dropped, one among others', async () => {
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
      if (!queue.supports.remove) skip('it cannot find a job that waits');
      const [gone, kept] = [newJob(), newJob()];
      await queue.submit(gone);
      await queue.submit({ ...kept, queue: gone.queue });
      expect(await queue.remove(gone.queue, gone.id)).toBe(true);
      expect(await queue.remove(gone.queue, gone.id)).toBe(false);
      const { heard } = consume(queue, gone.queue);
      await vi.waitFor(() => expect(heard.map(({ job }) => job.id)).toEqual([kept.id]), SOON);
    });

    test('several processes share the jobs, and each job is delivered once', async () => {
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

    test('what a process had that died goes to others as the next attempt, and its own outcome counts no more', async () => {
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
  });
}

function newJob(fields: Partial<NewJob> = {}): NewJob {
  return {
    id: `job-${randomUUID()}`,
    queue: `q-${randomUUID()}`,
    name: 'some.work',
    data: null,
    startAt: null,
    uniqueKey: null,
    options: { attempts: 3, maxRunMs: 60_000, backoff: { kind: 'fixed', delayMs: 10, maxDelayMs: 10, jitter: 0 } },
    ...fields,
  };
}

/** Another process, until the test is over. */
async function client(fixture: QueueFixture): Promise<QueueClient> {
  const opened = await fixture.client();
  onTestFinished(() => opened.queue.close());
  return opened;
}

/** Consumes until the test is over, and records what comes. */
function consume(
  queue: Queue,
  name: string,
  handle: ConsumeOptions['handle'] = async () => DONE,
  concurrency = 2,
): { heard: Delivery[]; consumer: Consumer } {
  const heard: Delivery[] = [];
  const consumer = queue.consume({
    queue: name,
    concurrency,
    visibilityMs: VISIBILITY_MS,
    handle: (delivery) => {
      heard.push(delivery);
      return handle(delivery);
    },
  });
  onTestFinished(() => consumer.close());
  return { heard, consumer };
}

async function finishSlowly(): Promise<Outcome> {
  await new Promise((resolve) => setTimeout(resolve, 15));
  return DONE;
}

/** Waits until nothing waits or runs. */
async function settled(queue: Queue, name: string): Promise<void> {
  await vi.waitFor(async () => {
    const { waiting, running } = await queue.counts(name);
    expect(waiting + running).toBe(0);
  }, SOON);
}
