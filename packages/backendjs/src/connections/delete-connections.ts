import type { WriteStep } from '@backside/api';
import type { Json } from '@backside/tree';
import { type ConnectedPair, connectionCounterSteps } from '../counters/counter-steps.js';
import type { LegacyCall, LegacyReply } from '../endpoint.js';
import { eventSteps } from '../events/event.js';
import { toText } from '../http/coercion.js';
import { equals } from '../rows/condition.js';
import type { Expected } from '../rows/row-store.js';
import { deleteSteps } from '../rows/row-write.js';
import { type Rows, untilUndisturbed } from '../rows/rows.js';
import type { Page } from '../rows/select.js';
import { newRow, type Row, type Table } from '../rows/table.js';
import { CONNECTIONS, REFERENCES } from '../rows/tables.js';

/** Connections that one commit removes; a request for more takes several. */
const BATCH = 200;

/** Removes the caller's connections of a type, to a peer, both or all, each with its mirror and its counts. */
export async function deleteConnections(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const conditions = [equals(CONNECTIONS, 'id', call.requireAccount().id)];
  for (const column of ['type', 'peer']) {
    const value = call.params.text(column);
    if (value !== '') conditions.push(equals(CONNECTIONS, column, value));
  }
  const found = await rows.all(CONNECTIONS, conditions);
  for (let from = 0; from < found.length; from += BATCH) {
    await untilUndisturbed(() => removeBatch(rows, call, found.slice(from, from + BATCH)));
  }
  return [];
}

async function removeBatch(rows: Rows, call: LegacyCall, batch: readonly Row[]): Promise<void> {
  const { name } = call.requireAccount();
  const { now, metrics } = call.context;
  const removed: ConnectedPair[] = [];
  const steps: WriteStep[] = [];
  const expected: Expected[] = [];
  for (const key of batch) {
    const held = rows.hold(CONNECTIONS, key);
    if (held.row === null) continue;
    const pair = pairOf(held.row);
    removed.push(pair);
    expected.push(held.expected);
    steps.push(...removalSteps(pair));
    if (!call.control.noCounter) steps.push(...connectionCounterSteps(pair, -1));
    if (!call.control.publish) continue;
    steps.push(...eventSteps(pair.peer, { path: '/connection/del', mtime: now(), name, type: pair.type }));
  }
  await rows.write(CONNECTIONS, steps, expected);
  for (const { type } of removed) metrics.count(`del_${type}`);
}

/** Removes every connection of an account that goes, those to it as well, with what the others counted of them. */
export async function purgeConnections(rows: Rows, id: string): Promise<void> {
  for (const table of [CONNECTIONS, REFERENCES]) {
    const selection = { conditions: [equals(table, 'id', id)], count: BATCH, page: 0, sort: '', descending: false };
    let start: Json = null;
    do {
      const page: Page = await rows.page(table, { ...selection, start });
      await untilUndisturbed(() => purgeBatch(rows, table, page.rows));
      start = page.next;
    } while (start !== null);
  }
}

async function purgeBatch(rows: Rows, table: Table, batch: readonly Row[]): Promise<void> {
  const held = batch.map((key) => rows.hold(table, key)).filter(({ row }) => row !== null);
  const steps = held.flatMap(({ row }) => {
    const pair = table === CONNECTIONS ? pairOf(row!) : mirroredPairOf(row!);
    return [...removalSteps(pair), ...connectionCounterSteps(pair, -1, table === CONNECTIONS ? 'peer' : 'id')];
  });
  await rows.write(
    table,
    steps,
    held.map(({ expected }) => expected),
  );
}

function removalSteps({ id, peer, type }: ConnectedPair): WriteStep[] {
  return [
    ...deleteSteps(CONNECTIONS, newRow({ id, type, peer })),
    ...deleteSteps(REFERENCES, newRow({ id: peer, type, peer: id })),
  ];
}

function pairOf(row: Row): ConnectedPair {
  return { id: toText(row.id), peer: toText(row.peer), type: toText(row.type) };
}

/** The connection whose mirror a row is. */
function mirroredPairOf(row: Row): ConnectedPair {
  return { id: toText(row.peer), peer: toText(row.id), type: toText(row.type) };
}
