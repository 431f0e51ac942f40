import type { Database } from '@backside/api';
import { BacksideError } from '@backside/protocol';
import type { Request } from 'express';

/** Finds the database that a request is for. */
export type FindDatabase = (request: Request) => Database;

/**
 * The database that `?ns=` names (`not-found` if there is none), else the one that the first label of `Host` names, else
 * the first. Either is only a choice: it gives no right.
 */
export function createFindDatabase(databases: readonly Database[]): FindDatabase {
  const byName = new Map(databases.map((database) => [database.name, database]));
  const first = databases[0];
  if (first === undefined) throw new BacksideError('internal', 'there must be at least one database');
  return (request) => {
    const named = request.query.ns;
    if (named === undefined) return byName.get(firstLabel(request.headers.host)) ?? first;
    const database = typeof named === 'string' ? byName.get(named) : undefined;
    if (database === undefined) throw new BacksideError('not-found', 'no such database');
    return database;
  };
}

function firstLabel(host: string | undefined): string {
  return host?.split(/[.:]/, 1)[0]?.toLowerCase() ?? '';
}
