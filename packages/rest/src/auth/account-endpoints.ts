import { type Endpoint, fieldsOf, pathPart } from '../endpoint.js';
import { optional, orNull, text } from '../fields.js';
import { SECRET } from './sign-in-endpoints.js';
import { clientOf, signedInReply } from './sign-in-reply.js';

/** What users do with their own account. */
export const ACCOUNT_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/auth/me',
    access: 'account',
    serve: async ({ auth, principal }) => ({ json: await auth.account.me(principal) }),
  },
  {
    method: 'patch',
    path: '/auth/me',
    access: 'account',
    serve: async (call) => {
      const change = fieldsOf(call, { displayName: optional(orNull(text())) });
      return { json: await call.auth.account.update(call.principal, change) };
    },
  },
  {
    method: 'delete',
    path: '/auth/me',
    access: 'account',
    serve: async (call) => {
      await call.auth.account.delete(call.principal, fieldsOf(call, { password: optional(SECRET) }), clientOf(call));
      return {};
    },
  },
  {
    method: 'post',
    path: '/auth/email',
    access: 'account',
    serve: async (call) => {
      const request = fieldsOf(call, { email: text(), password: optional(SECRET) });
      await call.auth.account.changeEmail(call.principal, request, clientOf(call));
      return { status: 202 };
    },
  },
  {
    method: 'post',
    path: '/auth/password',
    access: 'account',
    serve: async (call) => {
      const request = fieldsOf(call, { current: optional(SECRET), next: SECRET });
      return signedInReply(await call.auth.account.changePassword(call.principal, request, clientOf(call)));
    },
  },
  {
    method: 'get',
    path: '/auth/sessions',
    access: 'account',
    serve: async ({ auth, principal }) => ({ json: { sessions: await auth.account.sessions(principal) } }),
  },
  {
    method: 'delete',
    path: '/auth/sessions',
    access: 'account',
    serve: async (call) => {
      await call.auth.account.revokeOtherSessions(call.principal, clientOf(call));
      return {};
    },
  },
  {
    method: 'delete',
    path: '/auth/sessions/:id',
    access: 'account',
    serve: async (call) => {
      await call.auth.account.revokeSession(call.principal, pathPart(call, 'id'), clientOf(call));
      return {};
    },
  },
];
