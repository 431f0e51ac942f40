import type { PasskeyApi } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import { type Call, type Endpoint, fieldsOf, pathPart } from '../endpoint.js';
import { optional, record, text } from '../fields.js';
import { SECRET } from './sign-in-endpoints.js';
import { clientOf, signedInReply } from './sign-in-reply.js';

/** What a browser's WebAuthn answered, and which question of the server it answers. */
const ANSWER = { ceremony: SECRET, response: record() };

/** Passkeys: both ends of each ceremony, and those of the own account. Where browsers have none all are `not-found`. */
export const PASSKEY_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/auth/login/passkey/options',
    access: 'anyone',
    serve: async (call) => {
      fieldsOf(call, {});
      return { json: await passkeysOf(call).startSignIn(clientOf(call)) };
    },
  },
  {
    method: 'post',
    path: '/auth/login/passkey',
    access: 'anyone',
    serve: async (call) => signedInReply(await passkeysOf(call).finishSignIn(fieldsOf(call, ANSWER), clientOf(call))),
  },
  {
    method: 'get',
    path: '/auth/passkeys',
    access: 'account',
    serve: async (call) => ({ json: { passkeys: await passkeysOf(call).list(call.principal) } }),
  },
  {
    method: 'post',
    path: '/auth/passkeys/options',
    access: 'account',
    serve: async (call) => {
      const request = fieldsOf(call, { password: optional(SECRET) });
      return { json: await passkeysOf(call).startRegistration(call.principal, request, clientOf(call)) };
    },
  },
  {
    method: 'post',
    path: '/auth/passkeys',
    access: 'account',
    serve: async (call) => {
      const request = fieldsOf(call, { ...ANSWER, label: optional(text()) });
      const passkey = await passkeysOf(call).finishRegistration(call.principal, request, clientOf(call));
      return { status: 201, json: passkey };
    },
  },
  {
    method: 'delete',
    path: '/auth/passkeys/:id',
    access: 'account',
    serve: async (call) => {
      const { password } = fieldsOf(call, { password: optional(SECRET) });
      await passkeysOf(call).remove(call.principal, { id: pathPart(call, 'id'), password }, clientOf(call));
      return {};
    },
  },
];

function passkeysOf({ auth }: Call): PasskeyApi {
  if (auth.passkeys === null) throw new BacksideError('not-found', 'there are no passkeys here');
  return auth.passkeys;
}
