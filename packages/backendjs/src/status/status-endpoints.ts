import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint, LegacyReply } from '../endpoint.js';
import { toNumber } from '../http/coercion.js';
import { required } from '../http/legacy-error.js';
import { idsIn } from '../rows/id-list.js';
import { deleteSteps, putSteps } from '../rows/row-write.js';
import { Rows } from '../rows/rows.js';
import { newRow, type Row } from '../rows/table.js';
import { STATUSES } from '../rows/tables.js';

/** How long who has said so counts as online. */
const ONLINE_MS = 30 * 60 * 1000;

/** What accounts say of their own presence. */
export function statusEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const rows = new Rows(context.database, context.tree);
  const remove = (id: string): ReturnType<typeof deleteSteps> => deleteSteps(STATUSES, newRow({ id }));
  context.accountHooks.push({ onDelete: (id) => ({ steps: remove(id) }) });
  return [
    { paths: ['/account/get/status'], serve: (call) => getStatus(rows, call) },
    { paths: ['/account/put/status'], serve: (call) => putStatus(rows, call) },
    {
      paths: ['/account/del/status'],
      serve: async (call) => {
        await rows.write(STATUSES, remove(call.requireAccount().id));
        return [];
      },
    },
  ];
}

/** The caller's record, or an array of those of the ids. */
function getStatus(rows: Rows, call: LegacyCall): LegacyReply {
  const now = call.context.now();
  const ids = idsIn(call.params, 'id');
  if (ids.length > 0) return ids.map((id) => statusOf(rows, id, now));
  return statusOf(rows, call.requireAccount().id, now);
}

async function putStatus(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const { id, name } = call.requireAccount();
  const status = call.params.text('status');
  if (status === '') throw required('status');
  const now = call.context.now();
  await rows.write(STATUSES, putSteps(STATUSES, newRow({ id, status, name, atime: now, mtime: now })));
  return statusOf(rows, id, now);
}

/** Of an account that never said anything, that it is offline. */
function statusOf(rows: Rows, id: string, now: number): Row {
  const row = rows.get(STATUSES, newRow({ id }));
  if (row === null) return newRow({ id, status: 'offline', online: false });
  const isRecent = now - toNumber(row.atime) <= ONLINE_MS;
  return newRow({ ...row, online: isRecent && row.status !== 'offline' });
}
