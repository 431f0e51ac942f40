import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint, LegacyReply } from '../endpoint.js';
import { LegacyError } from '../http/legacy-error.js';
import { selectReply } from '../rows/reply.js';
import { Rows } from '../rows/rows.js';
import { newRow, type Table } from '../rows/table.js';
import { CONNECTIONS, REFERENCES } from '../rows/tables.js';
import { readPair } from './connection-request.js';
import { deleteConnections, purgeConnections } from './delete-connections.js';
import { writeConnection } from './put-connection.js';

/** Mirrors are written with what they mirror only. */
const NOT_FOR_REFERENCES: readonly string[] = ['add', 'put', 'update', 'incr', 'del'];

/** `/connection/*` and `/reference/*`. */
export function connectionEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const rows = new Rows(context.database, context.tree);
  context.accountHooks.push({ purge: (id) => purgeConnections(rows, id) });
  return [
    { paths: ['/connection/add'], serve: (call) => writeConnection(rows, call, 'add') },
    { paths: ['/connection/put'], serve: (call) => writeConnection(rows, call, 'put') },
    { paths: ['/connection/update'], serve: (call) => writeConnection(rows, call, 'update') },
    { paths: ['/connection/incr'], serve: (call) => writeConnection(rows, call, 'incr') },
    { paths: ['/connection/del'], serve: (call) => deleteConnections(rows, call) },
    { paths: ['/connection/get'], serve: (call) => getOne(rows, call, CONNECTIONS) },
    { paths: ['/reference/get'], serve: (call) => getOne(rows, call, REFERENCES) },
    { paths: ['/connection/select'], serve: (call) => selectOwn(rows, call, CONNECTIONS) },
    { paths: ['/reference/select'], serve: (call) => selectOwn(rows, call, REFERENCES) },
    { paths: NOT_FOR_REFERENCES.map((operation) => `/reference/${operation}`), serve: refuse },
  ];
}

function getOne(rows: Rows, call: LegacyCall, table: Table): LegacyReply {
  const row = rows.get(table, newRow({ id: call.requireAccount().id, ...readPair(call) }));
  if (row === null) throw new LegacyError(404, 'no connection');
  return row;
}

/** Rows of the caller alone, so that all columns are shown. */
function selectOwn(rows: Rows, call: LegacyCall, table: Table): Promise<LegacyReply> {
  return selectReply(call, { rows, table, fixed: { id: call.requireAccount().id }, present: (row) => row });
}

function refuse(call: LegacyCall): never {
  throw new LegacyError(400, `Invalid command: ${call.path.slice('/reference/'.length)}`);
}
