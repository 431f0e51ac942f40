import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint, LegacyReply } from '../endpoint.js';
import { LegacyError } from '../http/legacy-error.js';
import { idsIn } from '../rows/id-list.js';
import { requestPage, type SelectOptions, selectReply, viewerOf } from '../rows/reply.js';
import { Rows } from '../rows/rows.js';
import { newRow, type Row, type Table } from '../rows/table.js';
import { TABLES } from '../rows/tables.js';
import { chosenColumns, visibleRow } from '../rows/visibility.js';
import { rawRow, rowIn, tableOf } from './data-request.js';
import { type DataWrite, writeData } from './write-data.js';

const WRITES: readonly DataWrite[] = ['add', 'put', 'update', 'del', 'incr', 'replace'];

/** `/data/*`: any table, without the sense that the other endpoints have of its rows. For admins. */
export function dataEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const rows = new Rows(context.database, context.tree);
  const endpoint = (path: string, serve: LegacyEndpoint['serve']): LegacyEndpoint => ({
    paths: [path],
    adminOnly: true,
    serve,
  });
  return [
    endpoint('/data/columns', () => describeAll()),
    endpoint('/data/columns/:table', (call) => describe(tableOf(call))),
    endpoint('/data/keys/:table', (call) => [...tableOf(call).keys]),
    endpoint('/data/get/:table', (call) => getRow(rows, call)),
    endpoint('/data/select/:table', (call) => selectReply(call, optionsFor(rows, call))),
    endpoint('/data/search/:table', (call) => selectReply(call, optionsFor(rows, call))),
    endpoint('/data/scan/:table', (call) => scan(rows, call)),
    endpoint('/data/list/:table', (call) => list(rows, call)),
    ...WRITES.map((operation) => endpoint(`/data/${operation}/:table`, (call) => writeData(rows, call, operation))),
  ];
}

function describeAll(): Json {
  return Object.fromEntries(Array.from(TABLES.values(), (table) => [table.name, describe(table)]));
}

function describe(table: Table): { [column: string]: Json } {
  return Object.fromEntries(Array.from(table.columns, ([name, column]) => [name, { ...column }]));
}

function presenter(call: LegacyCall, table: Table): (row: Row) => Row {
  const viewer = viewerOf(call);
  return (row) => {
    const shown = visibleRow(table, row, viewer);
    return call.control.noProcessRows ? rawRow(table, shown) : shown;
  };
}

function optionsFor(rows: Rows, call: LegacyCall): SelectOptions {
  const table = tableOf(call);
  return { rows, table, scans: true, present: presenter(call, table) };
}

function getRow(rows: Rows, call: LegacyCall): LegacyReply {
  const table = tableOf(call);
  const row = rows.get(table, rowIn(call, table));
  return row === null ? [] : chosenColumns(presenter(call, table)(row), call.control.select);
}

async function scan(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const options = optionsFor(rows, call);
  const present = presenter(call, options.table);
  const page = await requestPage(call, options);
  return page === null ? [] : page.rows.map((row) => chosenColumns(present(row), call.control.select));
}

/** The rows with these ids, of a table whose key is one column. */
function list(rows: Rows, call: LegacyCall): LegacyReply {
  const table = tableOf(call);
  const [column, ...others] = table.keys;
  const ids = column === undefined ? [] : idsIn(call.params, column);
  if (column === undefined || others.length > 0 || ids.length === 0)
    throw new LegacyError(400, 'list of ids is required');
  const present = presenter(call, table);
  return ids.flatMap((id) => {
    const row = rows.get(table, newRow({ [column]: id }));
    return row === null ? [] : [chosenColumns(present(row), call.control.select)];
  });
}
