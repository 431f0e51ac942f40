import { expect, test, vi } from 'vitest';
import { consume, DONE, newJob, SOON, type Subject, settled } from './queue-fixture.js';

/** That jobs arrive, when they arrive, and when they come again. */
export function deliveryCases(subject: Subject): void {
  test('a job arrives once, with everything that was said of it', async () => {
    const { queue } = subject;
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
    const { queue } = subject;
    const job = newJob({ data: 'x'.repeat(500_000) });
    const { heard } = consume(queue, job.queue);
    await queue.submit(job);
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON);
    expect(heard[0]!.job.data).toBe(job.data);
  });

  test('a delayed job comes no sooner than its time, and others do not wait for it', async () => {
    const { queue } = subject;
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
    const { queue } = subject;
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
    const { queue } = subject;
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
}
