import type { Database } from '@backside/api';
import { BacksideError } from '@backside/protocol';
import type { Request } from 'express';

/** Finds the database that a request is for. */
export type FindDatabase = (request: Request) => Database;

/** Finds the database that `?ns=` (undefined if it is missing) and the `Host` header choose. */
export type ChooseDatabase = (named: unknown, host: string | undefined) => Database;

/**
 * The database that `?ns=` names (`not-found` if there is none), else the one that the first label of `Host` names, else
 * the first. Either is only a choice: it gives no right.
 */
export function createChooseDatabase(databases: readonly Database[]): ChooseDatabase {
  const byName = new Map(databases.map((database) => [database.name, database]));
  const first = databases[0];
  if (first === undefined) throw new BacksideError('internal', 'there must be at least one database');
  return (named, host) => {
    if (named === undefined) return byName.get(firstLabel(host)) ?? first;
    const database = typeof named === 'string' ? byName.get(named) : undefined;
    if (database === undefined) throw new BacksideError('not-found', 'no such database');
    return database;
  };
}

/** The same for requests that came through express. */
export function createFindDatabase(choose: ChooseDatabase): FindDatabase {
  return (request) => choose(request.query.ns, request.headers.host);
}

function firstLabel(host: string | undefined): string {
  return host?.split(/[.:]/, 1)[0]?.toLowerCase() ?? '';
}
