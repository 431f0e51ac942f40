import { visibleCredential } from '../credentials/credential.js';
import type { LegacyCall, LegacyReply } from '../endpoint.js';
import { LegacyAnswer } from '../http/answer.js';
import { LegacyError } from '../http/legacy-error.js';
import { accountIconUrls } from '../icons/account-icons.js';
import { idsIn } from '../rows/id-list.js';
import { requestConditions, type SelectOptions, selectReply, viewerOf } from '../rows/reply.js';
import { MAX_ANSWER_CHARACTERS, sizeOf } from '../rows/row-size.js';
import type { Rows } from '../rows/rows.js';
import { newRow, type Row } from '../rows/table.js';
import { ACCOUNTS } from '../rows/tables.js';
import { chosenColumns, visibleRow } from '../rows/visibility.js';
import { issueFurtherProofs } from '../sign-in/issue-proofs.js';
import { withAge } from './account-columns.js';
import { checkSearchable } from './searchable.js';

/** `/account/get`: the caller's whole record, or an array of what it may see of others. */
export function getAccount(rows: Rows, call: LegacyCall): LegacyReply | Promise<LegacyReply> {
  const account = call.requireAccount();
  const ids = idsIn(call.params, 'id');
  if (ids.length === 0 || (ids.length === 1 && ids[0] === account.id)) return getOwn(rows, call);
  const viewer = viewerOf(call);
  let size = 0;
  return ids.flatMap((id) => {
    if (size >= MAX_ANSWER_CHARACTERS) throw new LegacyError(413, 'these accounts are too large for one answer');
    const row = rows.get(ACCOUNTS, newRow({ id }));
    if (row === null) return [];
    size += sizeOf(row);
    return [chosenColumns(visibleRow(ACCOUNTS, row, viewer), call.control.select)];
  });
}

async function getOwn(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const { id, credential, isAdmin } = call.requireAccount();
  const { context } = call;
  const row = rows.get(ACCOUNTS, newRow({ id }));
  if (row === null) throw new LegacyError(404, 'No account record found', 'NOACCOUNT');
  const viewer = viewerOf(call);
  const { fields, headers } = issueFurtherProofs(call);
  const own = newRow({
    ...withAge(visibleRow(ACCOUNTS, row, viewer), context.now()),
    ...visibleCredential(credential, isAdmin),
    ...(await accountIconUrls(context, id, viewer)),
  });
  return LegacyAnswer.json(newRow({ ...chosenColumns(own, call.control.select), ...fields }), 200, headers);
}

/** `/account/select`: what everybody may see of the accounts that pass. Without any condition none do. */
export function selectAccounts(rows: Rows, call: LegacyCall): Promise<LegacyReply> {
  const viewer = viewerOf(call);
  const options: SelectOptions = { rows, table: ACCOUNTS, present: (row: Row) => visibleRow(ACCOUNTS, row, viewer) };
  const { sort } = call.control;
  const searched = requestConditions(call, options).map(({ column }) => column);
  checkSearchable(sort === '' ? searched : [...searched, sort], viewer);
  return selectReply(call, options);
}
