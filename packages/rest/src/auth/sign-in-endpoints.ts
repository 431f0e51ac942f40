import { type Endpoint, fieldsOf } from '../endpoint.js';
import { type Field, optional, text } from '../fields.js';
import { clientOf, signedInReply, signInReply } from './sign-in-reply.js';

/** Longest password, code or opaque token that is looked at. */
export const SECRET: Field<string, false> = text(1_024);
/** Longest JWT that is looked at. */
export const TOKEN: Field<string, false> = text(16_384);

const NEW_ACCOUNT = {
  email: optional(text()),
  username: optional(text()),
  password: SECRET,
  displayName: optional(text()),
};

/** The ways to a session, and out of it. */
export const SIGN_IN_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/auth/ways',
    access: 'anyone',
    serve: ({ auth }) => ({ json: auth.ways }),
  },
  {
    method: 'post',
    path: '/auth/signup',
    access: 'anyone',
    serve: async (call) =>
      signedInReply(await call.auth.signIn.signUp(fieldsOf(call, NEW_ACCOUNT), clientOf(call)), 201),
  },
  {
    method: 'post',
    path: '/auth/upgrade',
    access: 'account',
    serve: async (call) =>
      signedInReply(await call.auth.signIn.upgrade(call.principal, fieldsOf(call, NEW_ACCOUNT), clientOf(call))),
  },
  {
    method: 'post',
    path: '/auth/login',
    access: 'anyone',
    serve: async (call) =>
      signInReply(await call.auth.signIn.password(fieldsOf(call, { login: text(), password: SECRET }), clientOf(call))),
  },
  {
    method: 'post',
    path: '/auth/login/totp',
    access: 'anyone',
    serve: async (call) =>
      signedInReply(
        await call.auth.signIn.secondFactor(fieldsOf(call, { challenge: SECRET, code: text(64) }), clientOf(call)),
      ),
  },
  {
    method: 'post',
    path: '/auth/anonymous',
    access: 'anyone',
    serve: async (call) => {
      fieldsOf(call, {});
      return signedInReply(await call.auth.signIn.anonymous(clientOf(call)), 201);
    },
  },
  {
    method: 'post',
    path: '/auth/custom',
    access: 'anyone',
    serve: async (call) =>
      signedInReply(await call.auth.signIn.custom(fieldsOf(call, { token: TOKEN }), clientOf(call))),
  },
  {
    method: 'post',
    path: '/auth/refresh',
    access: 'anyone',
    serve: async (call) => {
      const request = fieldsOf(call, { refreshToken: SECRET, attempt: optional(text(128)) });
      return signedInReply(await call.auth.signIn.refresh(request, clientOf(call)));
    },
  },
  {
    method: 'post',
    path: '/auth/logout',
    access: 'anyone',
    serve: async (call) => {
      await call.auth.signIn.logout(fieldsOf(call, { refreshToken: SECRET }), clientOf(call));
      return {};
    },
  },
];
