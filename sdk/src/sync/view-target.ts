import type { Path, Query } from '@backside/tree';
import type { ListenTarget } from '../link/connection.js';
import { type ServerListen, targetKey } from './server-listen.js';
import type { View } from './view.js';

/** Which part of the tree a view shows. */
export interface ViewTarget {
  readonly path: Path;
  readonly query: Query;
}

/** What a view listens to if nothing above it is listened to. */
export function ownTarget(view: View): ListenTarget {
  return { path: view.path, query: view.whole ? null : view.query };
}

/** Whether the view asked for just this listen. */
export function isOwn(view: View, listen: ServerListen): boolean {
  return targetKey(ownTarget(view)) === targetKey(listen.target);
}

/** Whether one of the views that it serves asked for just this listen. */
export function isOwned(listen: ServerListen): boolean {
  for (const view of listen.views) if (isOwn(view, listen)) return true;
  return false;
}
