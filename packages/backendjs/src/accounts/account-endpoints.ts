import type { WriteStep } from '@backside/api';
import type { Json } from '@backside/tree';
import type { BackendjsContext, NewAccount } from '../context.js';
import type { LegacyEndpoint } from '../endpoint.js';
import { eventPath } from '../events/event.js';
import { deleteSteps, putSteps } from '../rows/row-write.js';
import { Rows } from '../rows/rows.js';
import { newRow } from '../rows/table.js';
import { ACCOUNTS } from '../rows/tables.js';
import { accountColumns } from './account-columns.js';
import { addAccount } from './add-account.js';
import { deleteAccount, putSecret, updateAccount } from './change-account.js';
import { getAccount, selectAccounts } from './get-account.js';

/** `/account/*`, but for icons, places, presence and events, which have areas of their own. */
export function accountEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const rows = new Rows(context.database, context.tree);
  context.accountHooks.push({
    onAdd: accountSteps,
    onDelete: (id) => ({
      steps: [...deleteSteps(ACCOUNTS, newRow({ id })), { method: 'remove', path: eventPath(id) }],
    }),
  });
  return [
    { paths: ['/account/get'], serve: (call) => getAccount(rows, call) },
    { paths: ['/account/add'], serve: addAccount },
    { paths: ['/account/select', '/account/search'], serve: (call) => selectAccounts(rows, call) },
    { paths: ['/account/update'], serve: (call) => updateAccount(rows, call) },
    { paths: ['/account/del'], serve: deleteAccount },
    { paths: ['/account/put/secret'], serve: putSecret },
  ];
}

function accountSteps({ credential, columns, now }: NewAccount): WriteStep[] {
  const { id, login, name, types } = credential;
  const row = newRow({
    ...accountColumns(columns as ReadonlyMap<string, Json>),
    id,
    login,
    name,
    ctime: now,
    mtime: now,
    ...(types.length > 0 && { type: types.join(',') }),
  });
  return putSteps(ACCOUNTS, row);
}
