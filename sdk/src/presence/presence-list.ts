import { assertKey, type Json, parsePath } from '@backside/tree';
import type { Connection } from '../link/connection.js';
import { keepable, OwnEntry } from './own-entry.js';
import type { Presence, PresenceOptions } from './presence.js';
import { Roster } from './roster.js';

/** What presence needs of a database. */
export interface PresenceDatabase {
  readonly connection: Pick<Connection, 'status' | 'onStatus' | 'onUser' | 'serverTimeOffset' | 'listen' | 'write'>;
}

const DEFAULT_GRACE_MS = 10_000;

/**
 * Presence below `path`: `path/UID/CONNECTION = meta`, readable and writable by its users as the rules say. Throws `invalid-path`.
 *
 * A connection leaves the removal of its own entry, and of nothing else, with the server, which makes it `graceMs` after the
 * connection ended, however it ended and whatever became of the server meanwhile.
 */
export function presence<Meta extends Json = Json>(
  db: PresenceDatabase,
  path: string,
  options: PresenceOptions = {},
): Presence<Meta> {
  const { connection } = db;
  const { graceMs = DEFAULT_GRACE_MS, report = reportInBackground } = options;
  const place = { connection, path: parsePath(path) };
  const own = new OwnEntry({ ...place, graceMs, report });
  const roster = new Roster<Meta>({ ...place, report, seen: (node, revision) => own.seen(node, revision) });
  return {
    get list() {
      return roster.list;
    },
    get refused() {
      return roster.refused;
    },
    join: async (uid, meta) => {
      assertKey(uid);
      await own.join(uid, keepable(meta ?? true));
    },
    leave: () => own.leave(),
    onChange: (listener) => roster.onChange(listener),
  };
}

function reportInBackground(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
