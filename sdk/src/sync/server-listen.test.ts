import { applyQuery, type Json, makeMap, type Node, nodeFromJson, nodeToJson, type Query } from '@backside/tree';
import { beforeEach, describe, expect, it } from 'vitest';
import { replaceAt } from './edit.js';
import { Emissions } from './emissions.js';
import { LocalWrite } from './local-write.js';
import { PendingWrites } from './pending-writes.js';
import { ServerListen } from './server-listen.js';
import { CountingPath } from './testing/counting-path.js';
import { type EventType, type Shown, View } from './view.js';

const CHILDREN = 10_000;
const CHANGES = 100;
/** What a change may cost: finding places among 10,000, for each of the few children that it concerns. */
const LOOK_UPS = 200;
/** Half of the children, and one goes out whenever another one comes in. */
const NEWEST: Omit<Query, 'order'> = { limit: { count: CHILDREN / 2, from: 'last' } };

describe('an event that tells of an acknowledged write', () => {
  const event = { path: ['l'], epoch: 'e', resumed: null };
  let pending: PendingWrites;
  let write: LocalWrite;
  beforeEach(() => {
    pending = new PendingWrites(() => true);
    const steps = [{ method: 'set' as const, path: ['l', 'a'], value: 1 }];
    write = new LocalWrite({ key: 'k', ackLevel: 'applied', steps }, 0);
  });

  it('is taken in with what it tells beside that', () => {
    const listen = new ServerListen({ path: ['l'], query: null }, pending, null);
    listen.receive({ ...event, kind: 'put', body: null, revision: 0, snapshot: true });
    pending.settle(write, 2);
    expect(listen.settle(write, 2)).toEqual([['l', 'a']]);
    const touched = listen.receive({ ...event, kind: 'patch', body: { a: 1, b: 2 }, revision: 2, snapshot: false });
    expect(touched).toContainEqual(['l', 'b']);
    expect(nodeToJson(listen.shown, 'val')).toEqual({ a: 1, b: 2 });
    expect(listen.exported()).toEqual({ a: 1, b: 2 });
  });

  it('is the first one of a listen that began later', () => {
    pending.settle(write, 2);
    const listen = new ServerListen({ path: ['l', 'a'], query: null }, pending, null);
    listen.receive({ ...event, path: ['l', 'a'], kind: 'put', body: 1, revision: 2, snapshot: true });
    expect(nodeToJson(listen.shown, 'val')).toBe(1);
    expect(listen.exported()).toBe(1);
  });
});

describe.each([NEWEST, { start: { value: 0, inclusive: true } }])('a listen to a large window: %j', (bounds) => {
  let path: CountingPath;
  let node: Node;
  let revision: number;
  let listen: ServerListen;
  let view: View;
  let emissions: Emissions;
  let pending: PendingWrites;
  let told: { type: EventType; key: string | undefined }[];

  beforeEach(() => {
    path = CountingPath.of('n') as CountingPath;
    node = makeMap(Array.from({ length: CHILDREN }, (_, n) => [`k${n}`, nodeFromJson({ n })]));
    revision = 0;
    told = [];
    const target = { path: ['list'], query: { order: { by: 'child', path } as const, ...bounds } };
    pending = new PendingWrites(() => false);
    emissions = new Emissions((error) => expect.unreachable(String(error)));
    listen = new ServerListen(target, pending, null);
    view = new View(target, pending, emissions);
    view.source = listen;
    for (const type of ['value', 'child_added', 'child_changed', 'child_moved', 'child_removed'] as const) {
      const event = ({ path: at }: Shown): void => void told.push({ type, key: at[1] });
      view.register({ type, states: false, event, refused: () => {} });
    }
    receive('put', chosen());
    expect(path.lookUps).toBeGreaterThan(4_999);
    path.lookUps = 0;
    told.length = 0;
  });

  /** What the query chooses of the server's data, found without the path that counts. */
  function chosen(of = node): Json {
    return nodeToJson(applyQuery(of, { order: { by: 'child', path: ['n'] }, ...bounds }), 'export');
  }

  function receive(kind: 'put' | 'patch', body: Json): void {
    const first = listen.knowledge === 'nothing';
    revision += 1;
    const touched = listen.receive({
      ...{ kind, body, revision, path: ['list'], epoch: 'e', snapshot: first, resumed: null },
    });
    view.refresh(first ? null : touched);
    emissions.flush();
  }

  /** A child of the window becomes the greatest. */
  function raise(count: number): void {
    const key = `k${CHILDREN - 1 - count}`;
    const child = { n: CHILDREN + count };
    node = replaceAt(node, [key], nodeFromJson(child));
    receive('patch', { [key]: child });
  }

  /** The greatest child goes, and with a limit another one comes in. */
  function drop(count: number): void {
    const key = `k${CHILDREN - 1 - count}`;
    const next = CHILDREN / 2 - 1 - count;
    node = replaceAt(node, [key], null);
    receive('patch', { [key]: null, ...(bounds === NEWEST && { [`k${next}`]: { n: next } }) });
  }

  function write(key: string, n: number): void {
    const steps = [{ method: 'set' as const, path: ['list', key], value: { n } }];
    const local = new LocalWrite({ key, ackLevel: 'durable', steps }, 0);
    pending.add(local);
    view.refresh(listen.overlay(local));
    emissions.flush();
  }

  it('looks at few children when one moves', () => {
    for (let count = 0; count < CHANGES; count++) raise(count);
    expect(path.lookUps).toBeLessThan(CHANGES * LOOK_UPS);
    expect(nodeToJson(view.shown?.node ?? null, 'export')).toEqual(chosen());
    expect(told.filter(({ type }) => type === 'child_moved')).toHaveLength(CHANGES);
  });

  it('looks at few children when one goes', () => {
    for (let count = 0; count < CHANGES; count++) drop(count);
    expect(path.lookUps).toBeLessThan(CHANGES * LOOK_UPS);
    expect(nodeToJson(view.shown?.node ?? null, 'export')).toEqual(chosen());
    expect(told.filter(({ type }) => type === 'child_removed')).toHaveLength(CHANGES);
    expect(told.filter(({ type }) => type === 'child_added')).toHaveLength(bounds === NEWEST ? CHANGES : 0);
  });

  it('looks at few children while writes wait for an answer, and shows these', () => {
    write('mine', 2 * CHILDREN);
    write('k7000', 1);
    for (let count = 0; count < CHANGES; count++) raise(count);
    expect(path.lookUps).toBeLessThan(CHANGES * LOOK_UPS);
    const withMine = replaceAt(node, ['mine'], nodeFromJson({ n: 2 * CHILDREN }));
    const shown = nodeToJson(view.shown?.node ?? null, 'export') as Record<string, Json>;
    expect(shown.mine).toEqual({ n: 2 * CHILDREN });
    const expected = chosen(replaceAt(withMine, ['k7000'], nodeFromJson({ n: 1 })));
    // What takes the place of a child that left the window is the server's to tell.
    for (const [key, child] of Object.entries(shown))
      if (key !== 'k7000') expect(expected).toMatchObject({ [key]: child });
  });
});
