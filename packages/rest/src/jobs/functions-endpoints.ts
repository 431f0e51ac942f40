import type { Database } from '@backside/api';
import type { FunctionsDesk } from '@backside/jobs';
import { BacksideError } from '@backside/protocol';
import { bearerOrQueryToken } from '../bearer.js';
import { type Call, type Endpoint, pathPart, queryValue } from '../endpoint.js';
import type { Reply } from '../reply.js';
import { limitOf } from './list-limit.js';

/** Finds what admins see of the functions of a database; null where there are none. */
export type FindFunctions = (database: Database) => FunctionsDesk | null;

/** Letters carry the values of their events, which may be large. */
const LIMIT = { usual: 20, most: 100 };
const FILTERS = { function: 'of this function', limit: `at most so many, up to ${LIMIT.most}` };

/** The functions and their dead letters, for admins. */
export function functionsEndpoints(findFunctions: FindFunctions): readonly Endpoint[] {
  const forAdmins = { access: 'admin', token: bearerOrQueryToken } as const;
  const desk = (summary: string, serve: (call: Call, desk: FunctionsDesk) => Promise<Reply>) => ({
    ...forAdmins,
    summary,
    serve: (call: Call) => serve(call, found(findFunctions(call.database))),
  });
  const dead = '/.functions/dead';
  const letter = `${dead}/:function/:key`;
  return [
    { method: 'get', path: '/.functions', ...desk('List the functions and what waits for them', list) },
    {
      method: 'get',
      path: dead,
      query: FILTERS,
      ...desk('List the events that were given up, newest first', listDead),
    },
    { method: 'post', path: `${letter}/retry`, ...desk('Have an event that was given up tried again', retry) },
    { method: 'delete', path: letter, ...desk('Forget an event that was given up', drop) },
  ];
}

function found(desk: FunctionsDesk | null): FunctionsDesk {
  if (desk === null) throw new BacksideError('not-found', 'this server has no functions');
  return desk;
}

async function list(call: Call, desk: FunctionsDesk): Promise<Reply> {
  const { node, revision, functions } = await desk.report();
  return { json: { node, revision, head: call.database.revision, functions } };
}

async function listDead(call: Call, desk: FunctionsDesk): Promise<Reply> {
  const name = queryValue(call, 'function');
  const limit = limitOf(call, LIMIT);
  return { json: { dead: await desk.dead({ limit, ...(name !== undefined && { function: name }) }) } };
}

async function retry(call: Call, desk: FunctionsDesk): Promise<Reply> {
  if (!(await desk.retry(letterOf(call)))) throw noSuchLetter();
  return {};
}

async function drop(call: Call, desk: FunctionsDesk): Promise<Reply> {
  if (!(await desk.drop(letterOf(call)))) throw noSuchLetter();
  return {};
}

function letterOf(call: Call): { function: string; key: string } {
  return { function: pathPart(call, 'function'), key: pathPart(call, 'key') };
}

function noSuchLetter(): BacksideError {
  return new BacksideError('not-found', 'there is no such dead letter');
}
