import { type Endpoint, fieldsOf } from '../endpoint.js';
import { optional, text } from '../fields.js';
import { SECRET } from './sign-in-endpoints.js';
import { clientOf } from './sign-in-reply.js';

/** Time-based codes as a second factor. */
export const TOTP_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/auth/totp/enrol',
    access: 'account',
    serve: async (call) => {
      const request = fieldsOf(call, { password: optional(SECRET) });
      return { json: await call.auth.secondFactor.enrol(call.principal, request, clientOf(call)) };
    },
  },
  {
    method: 'post',
    path: '/auth/totp/confirm',
    access: 'account',
    serve: async (call) => {
      const request = fieldsOf(call, { code: text(64) });
      return { json: await call.auth.secondFactor.confirm(call.principal, request, clientOf(call)) };
    },
  },
  {
    method: 'post',
    path: '/auth/totp/disable',
    access: 'account',
    serve: async (call) => {
      const request = fieldsOf(call, { password: optional(SECRET), code: text(64) });
      await call.auth.secondFactor.disable(call.principal, request, clientOf(call));
      return {};
    },
  },
];
