import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint, LegacyReply } from '../endpoint.js';
import { eventSteps } from '../events/event.js';
import { LegacyError } from '../http/legacy-error.js';
import { coerceNumber } from '../rows/coerce.js';
import { isColumnName } from '../rows/column.js';
import { viewerOf } from '../rows/reply.js';
import { deleteSteps, incrementSteps, putSteps, updateSteps } from '../rows/row-write.js';
import { Rows } from '../rows/rows.js';
import { newRow, type Row } from '../rows/table.js';
import { COUNTERS } from '../rows/tables.js';
import { visibleRow } from '../rows/visibility.js';
import { zeroCounters } from './counter-steps.js';

/** `/counter/*`. Every account has a counter row from its beginning. */
export function counterEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const rows = new Rows(context.database, context.tree);
  context.accountHooks.push({
    onAdd: ({ credential, now }) => putSteps(COUNTERS, newRow({ ...zeroCounters(credential.id), mtime: now })),
    onDelete: (id) => ({ steps: deleteSteps(COUNTERS, newRow({ id })) }),
  });
  return [
    { paths: ['/counter/get'], serve: (call) => getCounters(rows, call) },
    { paths: ['/counter/put'], serve: (call) => putCounters(rows, call) },
    { paths: ['/counter/update'], serve: (call) => updateCounters(rows, call) },
    { paths: ['/counter/incr'], serve: (call) => incrementCounters(rows, call) },
  ];
}

function getCounters(rows: Rows, call: LegacyCall): LegacyReply {
  const id = call.params.text('id') || call.requireAccount().id;
  const row = newRow({ ...zeroCounters(id), ...rows.get(COUNTERS, newRow({ id })) });
  return visibleRow(COUNTERS, row, viewerOf(call));
}

async function putCounters(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const { id } = call.requireAccount();
  const row = newRow({ ...zeroCounters(id), ...counterColumns(call), mtime: call.context.now() });
  await rows.write(COUNTERS, putSteps(COUNTERS, row));
  return [];
}

async function updateCounters(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const { id } = call.requireAccount();
  const row = newRow({ ...counterColumns(call), id, mtime: call.context.now() });
  await rows.write(COUNTERS, updateSteps(COUNTERS, row));
  return [];
}

/** Adds numbers; to somebody else's row only where everybody sees the sum, and the owner is told. */
async function incrementCounters(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const { account, context, control } = { ...call, account: call.requireAccount() };
  const id = call.params.text('id') || account.id;
  const isForeign = id !== account.id;
  const columns = counterColumns(call);
  if (isForeign) for (const name of Object.keys(columns)) if (!COUNTERS.columns.get(name)?.pub) delete columns[name];
  const names = Object.keys(columns);
  if (names.length === 0) return [];
  const mtime = context.now();
  const event = { path: '/counter/incr', mtime, name: account.name, type: ['id', ...names].join(',') };
  await rows.write(COUNTERS, [
    ...incrementSteps(COUNTERS, newRow({ ...columns, id })),
    ...updateSteps(COUNTERS, newRow({ id, mtime })),
    ...(isForeign && control.publish ? eventSteps(id, event) : []),
  ]);
  return [];
}

/** The numbers that a request names. Throws 400 for what is none. */
function counterColumns(call: LegacyCall): Row {
  const columns = newRow();
  for (const [name, value] of call.params.columns()) {
    if (!isColumnName(name) || name === 'id' || name === 'mtime' || value === '') continue;
    columns[name] = counterValue(name, value);
  }
  return columns;
}

function counterValue(name: string, value: Json): number {
  const number = coerceNumber(COUNTERS.columns.get(name)?.type ?? 'real', value);
  if (number === null) throw new LegacyError(400, `${name} is not a number`);
  return number;
}
