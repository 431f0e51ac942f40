import type { Database } from '@backside/api';
import { type Auth, Quota, type Quotas } from '@backside/auth';
import { ADMIN, BacksideError, NOBODY, type Principal } from '@backside/protocol';
import type { IRouter, Request } from 'express';
import { bearerToken } from './bearer.js';
import { clientAddress } from './client-address.js';
import { parseFields, type Shape, type ShapeValue } from './fields.js';
import { bodyReader, jsonBody, MAX_BODY_BYTES } from './json-body.js';
import { type Reply, sendReply } from './reply.js';
import { chargeWhoAsks } from './request-charge.js';
import type { FindDatabase } from './request-database.js';

/**
 * Who may call: `anyone` (a token is not even looked at), `optional` (nobody, or somebody with a valid token), `account`
 * (somebody with an account), `admin`.
 */
type Access = 'anyone' | 'optional' | 'account' | 'admin';

/** One method of one path. */
export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In the syntax of express. */
  readonly path: string;
  readonly access: Access;
  /** Most bytes of the body; default `MAX_BODY_BYTES`. */
  readonly maxBytes?: number;
  /** Where the token is; default the `Authorization` header. */
  readonly token?: (request: Request) => string | undefined;
  /** What it does, in a few words. */
  readonly summary?: string;
  /** What the query string may say, in a few words each. */
  readonly query?: Readonly<Record<string, string>>;
  /** The members of the JSON body, as `fieldsOf` reads them. */
  readonly body?: Shape;
  serve(call: Call): Promise<Reply> | Reply;
}

/** A request that was let in. */
export interface Call {
  readonly request: Request;
  readonly database: Database;
  readonly auth: Auth;
  /** Nobody if the endpoint asks for no token. */
  readonly principal: Principal;
  /** Of the client, see `clientAddress`. */
  readonly address: string;
}

export interface EndpointContext {
  readonly findDatabase: FindDatabase;
  readonly auth: (database: Database) => Auth;
  /** See `RestOptions.operator`. */
  readonly operator: boolean;
  readonly quotas: Quotas;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Lets the router serve the endpoints; other methods of their paths are `not-found`. */
export function serveEndpoints(router: IRouter, endpoints: readonly Endpoint[], context: EndpointContext): void {
  for (const endpoint of endpoints) {
    const readBody = bodyReader(endpoint.maxBytes ?? MAX_BODY_BYTES);
    router[endpoint.method](endpoint.path, async (request, response) => {
      const call = await admit(endpoint, request, context);
      await readBody(request, response);
      sendReply(response, await endpoint.serve(renewed(endpoint, call)));
    });
  }
}

/** Throws before the body is read: `not-found`, `rate-limited`, `unauthenticated` or `permission-denied`. */
async function admit(endpoint: Endpoint, request: Request, context: EndpointContext): Promise<Call> {
  const database = context.findDatabase(request);
  const auth = context.auth(database);
  const { access, token = bearerToken, maxBytes = MAX_BODY_BYTES } = endpoint;
  const findToken = access === 'anyone' ? (): undefined => undefined : token;
  const principal = await identify({ request, auth, findToken, maxBodyBytes: maxBytes }, context);
  checkAccess(access, principal);
  return { request, database, auth, principal, address: clientAddress(request) };
}

/** The call, made by whoever its sender is now that the body is there. Throws `unauthenticated` or `permission-denied`. */
function renewed({ access }: Endpoint, call: Call): Call {
  const principal = call.auth.current(call.principal);
  checkAccess(access, principal);
  return { ...call, principal };
}

export interface Identification {
  readonly request: Request;
  readonly auth: Auth;
  readonly findToken: (request: Request) => string | undefined;
  /** What of the body is paid for at most. */
  readonly maxBodyBytes: number;
}

/** Who asks, and takes the request from their quota. Rejects with `unauthenticated` or `rate-limited`. */
export async function identify(
  { request, auth, findToken, maxBodyBytes }: Identification,
  { operator, quotas, now }: EndpointContext,
): Promise<Principal> {
  const { database } = auth;
  const remoteAddress = clientAddress(request);
  const quota = new Quota(quotas, remoteAddress);
  try {
    return await chargeWhoAsks(quota, { request, database, maxBodyBytes, now }, async () => {
      if (operator) return ADMIN;
      const token = findToken(request);
      return token === undefined ? NOBODY : auth.authenticate({ token, database, remoteAddress });
    });
  } finally {
    quota.end();
  }
}

function checkAccess(access: Access, principal: Principal): void {
  if (access === 'anyone' || access === 'optional') return;
  if (principal.kind === 'nobody') throw new BacksideError('unauthenticated', 'a token is needed');
  if (access === 'admin' && principal.kind !== 'admin') throw new BacksideError('permission-denied');
}

/** The members of the JSON body. Throws `invalid-data`. */
export function fieldsOf<S extends Shape>(call: Call, shape: S): ShapeValue<S> {
  return parseFields(jsonBody(call.request), shape);
}

/** A part of the path. */
export function pathPart({ request }: Call, name: string): string {
  const part = request.params[name];
  return typeof part === 'string' ? part : '';
}

/** A value of the query string. Throws `invalid-query` if it was given twice. */
export function queryValue({ request }: Call, name: string): string | undefined {
  const value = request.query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new BacksideError('invalid-query', `"${name}" was given more than once`);
}
