import type { AuthValue } from '@backside/security';
import database, { type TargaryenDatabase } from 'targaryen/lib/database/index.js';
import type { Contender } from './rules.js';
import { chatData, NOW, type ReadOperation, type WriteOperation } from './rules-chat.js';

/** The reference: targaryen, as its own documentation uses it. */
export function targaryen(rules: unknown): Contender {
  const start = database.create(rules, chatData(), NOW);
  return {
    reads: (operations) => operations.map((operation) => readWith(start, operation)),
    writes: (operations) => decisionsOf(start, operations),
    wholeWrites: (operations) => writesOver(start, operations),
  };
}

function readWith(start: TargaryenDatabase, { auth, path }: ReadOperation): () => boolean {
  const asUser = start.as(auth);
  return () => asUser.read(path, { now: NOW }).allowed;
}

/** Each write on the state left by the ones before; the states are made beforehand. */
function decisionsOf(start: TargaryenDatabase, operations: readonly WriteOperation[]): (() => boolean)[] {
  let current = start;
  return operations.map(({ auth, path, value }) => {
    const before = signedIn(current, auth).with({ now: NOW });
    const { allowed, newDatabase } = before.write(path, value, undefined, NOW);
    if (allowed) current = newDatabase;
    return () => before.rules.tryWrite(path, before, newDatabase, value).allowed;
  });
}

function writesOver(start: TargaryenDatabase, operations: readonly WriteOperation[]): (() => boolean)[] {
  let current = start;
  return operations.map(({ auth, path, value }) => () => {
    const { allowed, newDatabase } = signedIn(current, auth).write(path, value, undefined, NOW);
    if (allowed) current = newDatabase;
    return allowed;
  });
}

/** A database that somebody wrote keeps its user when it is told of null; of false, its write rules see null. */
function signedIn(database: TargaryenDatabase, auth: AuthValue): TargaryenDatabase {
  return database.as(auth ?? false);
}
