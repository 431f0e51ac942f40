import { BacksideError } from '@backside/protocol';
import { type Call, type Endpoint, fieldsOf, pathPart, queryValue } from '../endpoint.js';
import { flag, optional, orNull, record, text } from '../fields.js';
import type { Reply } from '../reply.js';
import { pageOf } from './page.js';
import { SECRET } from './sign-in-endpoints.js';
import { clientOf, signedInReply } from './sign-in-reply.js';

const NEW_USER = {
  uid: optional(text()),
  email: optional(text()),
  emailVerified: optional(flag()),
  username: optional(text()),
  password: optional(SECRET),
  displayName: optional(text()),
  claims: optional(record()),
  admin: optional(flag()),
  disabled: optional(flag()),
};

const USER_CHANGE = {
  email: optional(orNull(text())),
  emailVerified: optional(flag()),
  username: optional(orNull(text())),
  password: optional(SECRET),
  displayName: optional(orNull(text())),
  claims: optional(orNull(record())),
  admin: optional(flag()),
  disabled: optional(flag()),
};

/** What admins do with accounts. */
export const USER_ENDPOINTS: readonly Endpoint[] = [
  { method: 'get', path: '/auth/users', access: 'admin', serve: listUsers },
  {
    method: 'post',
    path: '/auth/users',
    access: 'admin',
    serve: async (call) => ({
      status: 201,
      json: await call.auth.users.create(call.principal, fieldsOf(call, NEW_USER), clientOf(call)),
    }),
  },
  {
    method: 'get',
    path: '/auth/users/:uid',
    access: 'admin',
    serve: async (call) => ({ json: await call.auth.users.get(call.principal, pathPart(call, 'uid')) }),
  },
  {
    method: 'patch',
    path: '/auth/users/:uid',
    access: 'admin',
    serve: async (call) => {
      const change = fieldsOf(call, USER_CHANGE);
      return { json: await call.auth.users.update(call.principal, pathPart(call, 'uid'), change, clientOf(call)) };
    },
  },
  {
    method: 'delete',
    path: '/auth/users/:uid',
    access: 'admin',
    serve: async (call) => {
      await call.auth.users.delete(call.principal, pathPart(call, 'uid'), clientOf(call));
      return {};
    },
  },
  {
    method: 'post',
    path: '/auth/users/:uid/reset',
    access: 'admin',
    serve: async (call) => {
      const options = fieldsOf(call, { mail: optional(flag()) });
      return { json: await call.auth.users.reset(call.principal, pathPart(call, 'uid'), options, clientOf(call)) };
    },
  },
  { method: 'get', path: '/auth/users/:uid/sessions', access: 'admin', serve: listSessions },
  { method: 'delete', path: '/auth/users/:uid/sessions', access: 'admin', serve: (call) => revoke(call, undefined) },
  {
    method: 'delete',
    path: '/auth/users/:uid/sessions/:id',
    access: 'admin',
    serve: (call) => revoke(call, pathPart(call, 'id')),
  },
  { method: 'post', path: '/auth/users/:uid/token', access: 'admin', serve: issueToken },
];

/** A page of all accounts, or with `?login=` the one account of that address or name. */
async function listUsers(call: Call): Promise<Reply> {
  const login = queryValue(call, 'login');
  if (login === undefined) return { json: await call.auth.users.list(call.principal, pageOf(call)) };
  const user = await call.auth.users.find(call.principal, login);
  return { json: { users: user === null ? [] : [user], next: null } };
}

async function listSessions(call: Call): Promise<Reply> {
  return { json: { sessions: await call.auth.users.sessions(call.principal, pathPart(call, 'uid')) } };
}

async function revoke(call: Call, session: string | undefined): Promise<Reply> {
  if (session === '') throw new BacksideError('not-found');
  await call.auth.users.revokeSessions(call.principal, pathPart(call, 'uid'), { session }, clientOf(call));
  return {};
}

async function issueToken(call: Call): Promise<Reply> {
  const request = fieldsOf(call, { claims: optional(record()), label: optional(text(120)) });
  const issued = await call.auth.users.issue(
    call.principal,
    { uid: pathPart(call, 'uid'), ...request },
    clientOf(call),
  );
  return signedInReply(issued, 201);
}
