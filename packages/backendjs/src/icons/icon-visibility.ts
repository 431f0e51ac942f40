import { toList } from '../http/coercion.js';
import type { Viewer } from '../rows/visibility.js';

/**
 * Whether `viewer` may see an icon of `owner`. `acl` is empty for the owner only, or lists who else may: `all`, `auth` for everybody
 * with an account, or ids of accounts.
 */
export function mayView(acl: unknown, owner: string, viewer: Viewer): boolean {
  if (viewer.isAdmin || viewer.id === owner) return true;
  const allowed = toList(acl);
  if (allowed.includes('all')) return true;
  return viewer.id !== null && (allowed.includes('auth') || allowed.includes(viewer.id));
}
