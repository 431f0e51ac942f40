import type { WriteStep } from '@backside/api';
import { toBacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { toBool, toText } from '../http/coercion.js';
import { type Condition, passes } from '../rows/condition.js';
import type { Expected } from '../rows/row-store.js';
import { deleteSteps, putSteps, updateSteps } from '../rows/row-write.js';
import { untilUndisturbed } from '../rows/rows.js';
import { keyColumns, newRow, type Row, type Table } from '../rows/table.js';
import { ARCHIVE, MESSAGES, SENT } from '../rows/tables.js';
import { isUnread, type MessageBoxes, unreadPath } from './message-boxes.js';

/** Messages that one commit changes; a request for more takes several. */
const BATCH = 200;

/** What is done with one message. */
export interface MessageChange {
  steps(row: Row): WriteStep[];
  /** Whether the message counts as unread afterwards. */
  staysUnread(row: Row): boolean;
  /** Whether its image is of no more use. */
  readonly dropsImage: boolean;
}

export const MARK_READ: MessageChange = {
  steps: (row) => (isUnread(row) ? updateSteps(MESSAGES, newRow({ ...keyColumns(MESSAGES, row), read: 1 })) : []),
  staysUnread: () => false,
  dropsImage: false,
};

export const MOVE_TO_ARCHIVE: MessageChange = {
  steps: (row) => {
    const archived = newRow(row);
    delete archived.read;
    return [...deleteSteps(MESSAGES, row), ...putSteps(ARCHIVE, archived)];
  },
  staysUnread: () => false,
  dropsImage: false,
};

export function deletion(table: Table): MessageChange {
  return { steps: (row) => deleteSteps(table, row), staysUnread: () => false, dropsImage: table !== SENT };
}

/** New values of columns that are the owner's to change. */
export function updateOf(table: Table, columns: Row): MessageChange {
  return {
    steps: (row) => updateSteps(table, newRow({ ...keyColumns(table, row), ...columns })),
    staysUnread: (row) => (Object.hasOwn(columns, 'read') ? !toBool(columns.read) : isUnread(row)),
    dropsImage: false,
  };
}

/** Which messages of an account. */
export interface Box {
  readonly table: Table;
  readonly account: string;
  readonly conditions: readonly Condition[];
}

/** Some of them, as they were read. */
interface FilledBox extends Box {
  readonly rows: readonly Row[];
}

/** Changes all messages of a box that pass, some at a time, each time in one commit; gives how many there were. */
export async function changeMessages(boxes: MessageBoxes, box: Box, change: MessageChange): Promise<number> {
  let changed = 0;
  let start: Json = null;
  do {
    const selection = { conditions: box.conditions, count: BATCH, page: 0, start, sort: '', descending: false };
    const page = await boxes.rows.page(box.table, selection);
    changed += (await changeRows(boxes, { ...box, rows: page.rows }, change)).length;
    start = page.next;
  } while (start !== null);
  return changed;
}

/** Changes these messages, as far as they still are there and pass; gives those. In one commit, unless that would be too large. */
export async function changeRows(boxes: MessageBoxes, box: FilledBox, change: MessageChange): Promise<Row[]> {
  try {
    const changed = await untilUndisturbed(() => tryChange(boxes, box, change));
    if (change.dropsImage) await dropImages(boxes, changed);
    return changed;
  } catch (error) {
    const half = Math.ceil(box.rows.length / 2);
    if (toBacksideError(error).code !== 'too-large' || half === box.rows.length) throw error;
    const first = await changeRows(boxes, { ...box, rows: box.rows.slice(0, half) }, change);
    return [...first, ...(await changeRows(boxes, { ...box, rows: box.rows.slice(half) }, change))];
  }
}

async function tryChange({ rows }: MessageBoxes, box: FilledBox, change: MessageChange): Promise<Row[]> {
  const steps: WriteStep[] = [];
  const expected: Expected[] = [];
  const changed: Row[] = [];
  let unread = 0;
  for (const { row, expected: before } of box.rows.map((row) => rows.hold(box.table, row))) {
    if (row === null || !passes(row, box.conditions)) continue;
    changed.push(row);
    steps.push(...change.steps(row));
    expected.push(before);
    if (box.table === MESSAGES) unread += Number(change.staysUnread(row)) - Number(isUnread(row));
  }
  const flag = unread === 0 ? null : countedUnread(rows.expected(MESSAGES, unreadPath(box.account)), unread);
  await rows.write(box.table, [...steps, ...(flag?.steps ?? [])], [...expected, ...(flag?.expected ?? [])]);
  return changed;
}

/** The number of unread messages never falls below nothing, whoever wrote into the inbox beside this API. */
function countedUnread(before: Expected, by: number): { steps: WriteStep[]; expected: Expected[] } {
  if (typeof before.value !== 'number') return { steps: [], expected: [] };
  const value = Math.max(0, before.value + by);
  return { steps: [{ method: 'set', path: before.path, value }], expected: [before] };
}

async function dropImages({ images }: MessageBoxes, changed: readonly Row[]): Promise<void> {
  if (images === null) return;
  for (const row of changed) {
    if (!toBool(row.icon)) continue;
    await images.remove({ recipient: toText(row.id), sender: toText(row.sender), mtime: toText(row.mtime) });
  }
}
