import type { Json } from '@backside/tree';
import { randomSecret } from '../credentials/credentials.js';
import type { LegacyCall, LegacyReply } from '../endpoint.js';
import { toText } from '../http/coercion.js';
import { LegacyError } from '../http/legacy-error.js';
import type { Expected } from '../rows/row-store.js';
import { updateSteps } from '../rows/row-write.js';
import { type Rows, untilUndisturbed } from '../rows/rows.js';
import { newRow } from '../rows/table.js';
import { ACCOUNTS } from '../rows/tables.js';
import { assertOwner } from '../sign-in/assert-owner.js';
import { accountColumns } from './account-columns.js';
import { removeAccount } from './remove-account.js';

/** `/account/update`: columns of the caller's own row; name and secret are those of the credential too. Answers what was set. */
export async function updateAccount(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const { id, name } = call.requireAccount();
  const { context, params } = call;
  const columns = accountColumns(params.columns());
  requireRow(rows, id);
  const newName = toText(columns.name ?? name);
  const secret = params.text('secret');
  if (secret !== '') await assertOwner(call);
  if (secret !== '' || newName !== name) {
    await context.credentials.change(id, { name: newName, ...(secret !== '' && { secret }) });
  }
  const steps = updateSteps(ACCOUNTS, newRow({ ...columns, id, mtime: context.now() }));
  await untilUndisturbed(() => rows.write(ACCOUNTS, steps, [requireRow(rows, id)]));
  return columns;
}

/** What a write may expect of a row that is there, so that no account comes back that was deleted meanwhile. Throws 404 for none. */
function requireRow(rows: Rows, id: string): Expected {
  const { row, expected } = rows.hold(ACCOUNTS, newRow({ id }));
  if (row === null) throw new LegacyError(404, 'No account record found', 'NOACCOUNT');
  return expected;
}

/** `/account/put/secret`: a new signing secret, or none but that all access tokens are revoked. */
export async function putSecret(call: LegacyCall): Promise<LegacyReply> {
  const { id } = call.requireAccount();
  const secret = call.params.text('secret');
  const revokes = call.params.bool('token_secret');
  if (secret !== '') await assertOwner(call);
  else if (!revokes) throw new LegacyError(400, 'secret or token_secret is required');
  await call.context.credentials.change(id, {
    ...(secret !== '' && { secret }),
    ...(revokes && { tokenSecret: randomSecret() }),
  });
  return [];
}

/** `/account/del`: the caller and everything that is its own. Resolves once all is gone. */
export async function deleteAccount(call: LegacyCall): Promise<Json> {
  const { context, requireAccount } = call;
  await assertOwner(call);
  await removeAccount(context, requireAccount().id);
  context.metrics.count('auth_del');
  return [];
}
