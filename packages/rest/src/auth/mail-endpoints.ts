import { BacksideError } from '@backside/protocol';
import { type Call, type Endpoint, fieldsOf } from '../endpoint.js';
import { optional, text } from '../fields.js';
import type { Reply } from '../reply.js';
import { SECRET } from './sign-in-endpoints.js';
import { clientOf } from './sign-in-reply.js';

/** What is confirmed by a link in a mail: each path takes the request for the mail, and the token of its link. */
export const MAIL_ENDPOINTS: readonly Endpoint[] = [
  { method: 'post', path: '/auth/reset', access: 'anyone', serve: reset },
  { method: 'post', path: '/auth/verify', access: 'optional', serve: verify },
];

/** `{ login }` asks for the mail: 202, whether or not there is such an account. `{ token, password }` sets the password: 204. */
async function reset(call: Call): Promise<Reply> {
  const { login, token, password } = fieldsOf(call, {
    login: optional(text()),
    token: optional(SECRET),
    password: optional(SECRET),
  });
  if (login !== undefined && token === undefined && password === undefined) {
    await call.auth.signIn.requestReset({ login }, clientOf(call));
    return { status: 202 };
  }
  if (login !== undefined || token === undefined || password === undefined) {
    throw new BacksideError('invalid-data', 'either "login" alone, or "token" and "password", must be given');
  }
  await call.auth.signIn.reset({ token, password }, clientOf(call));
  return {};
}

/** `{}` with a bearer token asks for the mail: 202. `{ token }`, by whomever, confirms the address: 204. */
async function verify(call: Call): Promise<Reply> {
  const { token } = fieldsOf(call, { token: optional(SECRET) });
  if (token !== undefined) {
    await call.auth.signIn.verifyEmail({ token }, clientOf(call));
    return {};
  }
  if (call.principal.kind === 'nobody') throw new BacksideError('unauthenticated', 'a token is needed');
  await call.auth.account.requestVerification(call.principal, clientOf(call));
  return { status: 202 };
}
