import type { WriteStep } from '@backside/api';
import type { LegacyCall, LegacyReply } from '../endpoint.js';
import { LegacyError } from '../http/legacy-error.js';
import { deleteSteps, incrementSteps, putSteps, updateSteps } from '../rows/row-write.js';
import { type Rows, untilUndisturbed } from '../rows/rows.js';
import { newRow, type Row, type Table } from '../rows/table.js';
import { checkFilled, rowIn, tableOf } from './data-request.js';

export type DataWrite = 'add' | 'put' | 'update' | 'del' | 'incr' | 'replace';

/**
 * Writes one row, whoever's it is. `add` throws 409 for a row that is there; `update` and `del` of none do nothing; `incr` makes one;
 * `replace` changes the row that is there or makes it.
 */
export async function writeData(rows: Rows, call: LegacyCall, operation: DataWrite): Promise<LegacyReply> {
  const table = tableOf(call);
  const row = rowIn(call, table);
  if (operation !== 'del' && operation !== 'incr') checkFilled(table, row, operation === 'add' || operation === 'put');
  await untilUndisturbed(() => tryWrite(rows, { call, table, row }, operation));
  return [];
}

interface Writing {
  readonly call: LegacyCall;
  readonly table: Table;
  readonly row: Row;
}

async function tryWrite(rows: Rows, { call, table, row }: Writing, operation: DataWrite): Promise<void> {
  const held = rows.hold(table, row);
  if (operation === 'add' && held.row !== null) throw new LegacyError(409, 'Record already exists', 'DUPLICATE');
  const timed = table.keys.includes('mtime') ? row : newRow({ ...row, mtime: call.context.now() });
  const isFree =
    operation === 'put' || operation === 'del' || (operation === 'incr' && !holdsText(table, held.row, row));
  const steps = stepsOf(table, { row, timed, before: held.row }, operation);
  await rows.write(table, steps, isFree ? [] : [held.expected]);
}

interface Version {
  readonly row: Row;
  /** With the time of this write. */
  readonly timed: Row;
  /** Null if there is none. */
  readonly before: Row | null;
}

/** Whether a column that is to be changed holds text, which cannot be added to where it stands. */
function holdsText(table: Table, before: Row | null, row: Row): boolean {
  return Object.keys(row).some((name) => !table.keys.includes(name) && typeof before?.[name] === 'string');
}

function stepsOf(table: Table, { row, timed, before }: Version, operation: DataWrite): WriteStep[] {
  switch (operation) {
    case 'add':
    case 'put':
      return putSteps(table, timed);
    case 'update':
      return before === null ? [] : updateSteps(table, timed);
    case 'replace':
      return before === null ? putSteps(table, timed) : updateSteps(table, timed);
    case 'incr':
      return [...incrementSteps(table, row, before), ...touchSteps(table, timed)];
    case 'del':
      return deleteSteps(table, row);
  }
}

/** Only the time of the row changes. */
function touchSteps(table: Table, timed: Row): WriteStep[] {
  const key = newRow();
  for (const name of [...table.keys, 'mtime']) key[name] = timed[name] ?? null;
  return updateSteps(table, key);
}
