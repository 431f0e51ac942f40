import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFunctionsDesk } from './functions-desk.js';
import type { Functions } from './options.js';
import { FunctionsFixture } from './testing/functions-fixture.js';

/** How much faster than the real one the nodes' clock runs. */
const SPEED = 2;

const COUNT = `export const count = onCreate('/orders/{id}', (event, { database }) =>
  database.update('/', { count: { '.sv': { increment: 1 } }, ['by/' + event.params.id]: process.env.NODE }));`;

/** The tree as one node sees it, whose way there can be cut. */
class NodeTree implements PrivateTree {
  readonly #tree: PrivateTree;
  cut = false;

  constructor(tree: PrivateTree) {
    this.#tree = tree;
  }

  read: PrivateTree['read'] = (path) => this.#tree.read(path);
  keys: PrivateTree['keys'] = (path, range) => this.#tree.keys(path, range);
  watch: PrivateTree['watch'] = (path, changed) => this.#tree.watch(path, changed);

  async update(...update: Parameters<PrivateTree['update']>): Promise<void> {
    this.#assertReachable();
    await this.#tree.update(...update);
  }

  async refresh(): Promise<void> {
    this.#assertReachable();
  }

  #assertReachable(): void {
    if (this.cut) throw new BacksideError('unavailable');
  }
}

/** The same journal, of which it is known that others append as well. */
function shared(journal: Journal): Journal {
  return {
    supports: { ...journal.supports, sharedBetweenNodes: true },
    epoch: journal.epoch,
    head: () => journal.head(),
    first: () => journal.first(),
    append: (base, commits) => journal.append(base, commits),
    commits: (after) => journal.commits(after),
    trim: (revision) => journal.trim(revision),
    close: () => journal.close(),
  };
}

describe('functions on several nodes', () => {
  let fixture: FunctionsFixture;
  const nodes: Functions[] = [];
  beforeEach(async () => {
    fixture = await FunctionsFixture.create();
    await fixture.file('count.js', COUNT);
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    await fixture.close();
  });

  async function start(nodeId: string): Promise<{ functions: Functions; tree: NodeTree }> {
    const tree = new NodeTree(fixture.tree);
    const begun = Date.now();
    const functions = await fixture.start({
      nodeId,
      tree,
      journal: shared(fixture.journal),
      env: { NODE: nodeId },
      now: () => begun + (Date.now() - begun) * SPEED,
    });
    nodes.push(functions);
    return { functions, tree };
  }

  async function create(id: string): Promise<unknown> {
    await fixture.write(`/orders/${id}`, 1);
    return fixture.until(`/by/${id}`);
  }

  it('run on one of them, and on another one as soon as that one ends', async () => {
    const first = await start('first');
    const second = await start('second');
    expect([first.functions.active, second.functions.active]).toEqual([true, false]);
    expect(await create('a')).toBe('first');
    await first.functions.close();
    await fixture.write('/orders/b', 1);
    await expect.poll(() => second.functions.active, { timeout: 20_000 }).toBe(true);
    expect(await create('c')).toBe('second');
    await fixture.quiet();
    expect(fixture.value('/count')).toBe(3);
  });

  it('are taken over from one that seems dead, which finds out before it changes anything', {
    timeout: 60_000,
  }, async () => {
    const first = await start('first');
    const second = await start('second');
    expect(await create('a')).toBe('first');
    first.tree.cut = true;
    await fixture.write('/orders/b', 1);
    await expect.poll(() => second.functions.active, { timeout: 20_000 }).toBe(true);
    await fixture.until('/by/b');
    first.tree.cut = false;
    await expect.poll(() => first.functions.active, { timeout: 20_000 }).toBe(false);
    expect(await create('c')).toBe('second');
    await fixture.quiet();
    expect(fixture.value('/count')).toBe(3);
  });

  it('are seen and steered from any of them', async () => {
    await fixture.file(
      'moody.js',
      `export const moody = onCreate('/moods/{id}', { attempts: 1 }, async (event, { database }) => {
        if ((await database.get('/fixed')) === null) throw new Error('not in the mood');
        await database.set('/cheered/' + event.params.id, process.env.NODE);
      });`,
    );
    await start('first');
    const second = await start('second');
    const desk = createFunctionsDesk(second.tree);
    await fixture.write('/moods', { a: 1, b: 2 });
    await expect.poll(async () => (await desk.dead({ limit: 10 })).length, { timeout: 20_000 }).toBe(2);
    const { node, functions } = await desk.report();
    expect(node).toBe('first');
    expect(functions.map(({ name, dead }) => [name, dead])).toEqual([
      ['count:count', 0],
      ['moody:moody', 2],
    ]);
    const [a, b] = await desk.dead({ function: 'moody:moody', limit: 10 });
    await fixture.write('/fixed', true);
    expect([await desk.retry(a!), await desk.drop(b!)]).toEqual([true, true]);
    const id = (a!.event as { params: { id: string } }).params.id;
    expect(await fixture.until(`/cheered/${id}`)).toBe('first');
    expect(await desk.dead({ limit: 10 })).toEqual([]);
    expect([await desk.retry(a!), await desk.drop(b!)]).toEqual([false, false]);
  });

  it('stay with a node that takes long to load them', { timeout: 60_000 }, async () => {
    // Longer than a lease is left alone, by the nodes' clock.
    await fixture.file('slow.js', 'await new Promise((resolve) => setTimeout(resolve, 4_000));');
    const starting = start('first');
    await expect.poll(() => fixture.tree.read(['lease', 'holder']), { timeout: 20_000 }).not.toBeNull();
    const [first, second] = await Promise.all([starting, start('second')]);
    expect([first.functions.active, second.functions.active]).toEqual([true, false]);
    expect(await create('a')).toBe('first');
  });
});
