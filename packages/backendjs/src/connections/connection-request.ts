import { isValidKey } from '@backside/tree';
import type { LegacyAccount } from '../credentials/legacy-account.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError, required } from '../http/legacy-error.js';
import { encodeKey } from '../rows/encode-key.js';
import { rowOf } from '../rows/row-write.js';
import { newRow, type Row } from '../rows/table.js';
import { CONNECTIONS } from '../rows/tables.js';

/** What a request says about one connection of the caller. */
export interface ConnectionRequest {
  readonly account: LegacyAccount;
  readonly peer: string;
  readonly type: string;
  /** Of both rows. */
  readonly columns: Row;
}

/** What the server says of a connection, whatever the request says. */
const FILLED: readonly string[] = ['id', 'type', 'peer', 'name', 'mtime'];

/** Throws 400 without peer and type, for a connection to oneself, and for a type that does not allow `operation`. */
export function readConnection(call: LegacyCall, operation: string): ConnectionRequest {
  const account = call.requireAccount();
  const { peer, type } = readPair(call);
  if (peer === account.id) throw new LegacyError(400, 'cannot connect to itself');
  if (!isAllowed(call, type, operation)) throw new LegacyError(400, 'invalid connection type');
  const columns = rowOf(CONNECTIONS, call.params.columns());
  for (const name of FILLED) delete columns[name];
  return { account, peer, type, columns };
}

/** Which connection or reference. Throws 400 without peer or type. */
export function readPair({ params }: LegacyCall): { readonly peer: string; readonly type: string } {
  const pair = { peer: params.text('peer'), type: params.text('type') };
  for (const name of ['peer', 'type'] as const) {
    if (pair[name] === '') throw required(name);
    if (!isValidKey(encodeKey(pair[name]))) throw new LegacyError(400, `invalid ${name}`);
  }
  return pair;
}

/** The operator may list which operations which types have; without a list all have all. */
function isAllowed({ context }: LegacyCall, type: string, operation: string): boolean {
  const { connectionsAllow } = context.settings;
  return connectionsAllow.length === 0 || connectionsAllow.includes(`${type}:${operation}`);
}

/** The caller's row. */
export function connectionKey({ account, peer, type }: ConnectionRequest): Row {
  return newRow({ id: account.id, type, peer });
}
