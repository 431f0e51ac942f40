import type { BackendjsContext } from '../context.js';
import { equals } from '../rows/condition.js';
import { Rows } from '../rows/rows.js';
import { ICONS } from '../rows/tables.js';
import type { Viewer } from '../rows/visibility.js';
import { ACCOUNT_PREFIX } from './icon-name.js';
import { urlOf } from './icon-view.js';
import { mayView } from './icon-visibility.js';

/** The columns `iconN` of an account: the address of each of its icons that `viewer` may see, by the icon's type. */
export async function accountIconUrls(
  context: BackendjsContext,
  accountId: string,
  viewer: Viewer,
): Promise<{ [column: string]: string }> {
  const conditions = [equals(ICONS, 'id', accountId), equals(ICONS, 'prefix', ACCOUNT_PREFIX)];
  const rows = await new Rows(context.database, context.tree).all(ICONS, conditions);
  const urls = rows
    .filter((row) => mayView(row.acl_allow, accountId, viewer))
    .map((row) => [`icon${row.type}`, urlOf(row, viewer, context.settings)] as const);
  return Object.fromEntries(urls);
}
