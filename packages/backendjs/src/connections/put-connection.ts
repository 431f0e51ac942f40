import type { WriteStep } from '@backside/api';
import { connectionCounterSteps } from '../counters/counter-steps.js';
import type { LegacyCall, LegacyReply } from '../endpoint.js';
import { eventSteps } from '../events/event.js';
import { LegacyError } from '../http/legacy-error.js';
import { incrementSteps, putSteps, updateSteps } from '../rows/row-write.js';
import { type Rows, untilUndisturbed } from '../rows/rows.js';
import { newRow, type Row, type Table } from '../rows/table.js';
import { CONNECTIONS, REFERENCES } from '../rows/tables.js';
import { type ConnectionRequest, connectionKey, readConnection } from './connection-request.js';

export type ConnectionOperation = 'add' | 'put' | 'update' | 'incr';

/**
 * Writes a connection, its mirror at the peer, both counters if it is new, and the peer's event, in one commit. Throws 409 for `add` of
 * one that is there, 404 for `update` and `incr` of one that is not.
 */
export async function writeConnection(
  rows: Rows,
  call: LegacyCall,
  operation: ConnectionOperation,
): Promise<LegacyReply> {
  const request = readConnection(call, operation);
  await untilUndisturbed(() => tryWrite(rows, call, { request, operation }));
  call.context.metrics.count(`${operation}_${request.type}`);
  if (!call.control.connected) return {};
  const { account, peer, type } = request;
  return rows.get(CONNECTIONS, newRow({ id: peer, type, peer: account.id })) ?? {};
}

interface Writing {
  readonly request: ConnectionRequest;
  readonly operation: ConnectionOperation;
}

async function tryWrite(rows: Rows, { context, control }: LegacyCall, { request, operation }: Writing): Promise<void> {
  const { account, peer, type } = request;
  const { row, expected } = rows.hold(CONNECTIONS, connectionKey(request));
  if (row !== null && operation === 'add') throw new LegacyError(409, 'connection already exists', 'DUPLICATE');
  if (row === null && (operation === 'update' || operation === 'incr')) throw new LegacyError(404, 'no connection');
  const mtime = context.now();
  const event = { path: `/connection/${operation}`, mtime, name: account.name, type };
  const counts = row === null && !control.noCounter;
  await rows.write(
    CONNECTIONS,
    [
      ...rowSteps({ request, operation }, { before: row, mtime }),
      ...(counts ? connectionCounterSteps({ id: account.id, peer, type }, 1) : []),
      ...(control.publish ? eventSteps(peer, event) : []),
    ],
    [expected],
  );
}

/** Both rows hold the same, but the mirror has the name of who connected. */
function rowSteps(
  { request, operation }: Writing,
  { before, mtime }: { readonly before: Row | null; readonly mtime: number },
): WriteStep[] {
  const { account, peer, type, columns } = request;
  const own = connectionKey(request);
  const mirror = newRow({ id: peer, type, peer: account.id });
  const named = { mtime, name: account.name };
  if (operation === 'add' || operation === 'put') {
    return [
      ...putSteps(CONNECTIONS, newRow({ ...columns, ...own, mtime })),
      ...putSteps(REFERENCES, newRow({ ...columns, ...mirror, ...named })),
    ];
  }
  const change = (key: Row, table: Table): WriteStep[] => {
    const row = newRow({ ...columns, ...key });
    return operation === 'incr' ? incrementSteps(table, row, before) : updateSteps(table, row);
  };
  return [
    ...change(own, CONNECTIONS),
    ...change(mirror, REFERENCES),
    ...updateSteps(CONNECTIONS, newRow({ ...own, mtime })),
    ...updateSteps(REFERENCES, newRow({ ...mirror, ...named })),
  ];
}
