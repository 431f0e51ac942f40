import type { Client, SignedIn, SignInResult } from '@backside/auth';
import { BacksideError, ERRORS } from '@backside/protocol';
import type { Call } from '../endpoint.js';
import type { Reply } from '../reply.js';

/** Where the call comes from, as sessions and the audit log name it. */
export function clientOf({ address, request }: Call): Client {
  return { address, label: request.headers['user-agent'] };
}

/** A session as its client gets it. Expiries are milliseconds since the epoch. */
export function signedInReply({ kind: _, ...session }: SignedIn, status = 200): Reply {
  return { status, json: session };
}

/** A session, or what else is wanted: an error with the challenge that the second step takes. */
export function signInReply(result: SignInResult): Reply {
  if (result.kind === 'signed-in') return signedInReply(result);
  const { challenge, expiresAt } = result;
  const { code, message } = new BacksideError('second-factor-required');
  return { status: ERRORS[code].httpStatus, json: { error: { code, message }, challenge, expiresAt } };
}
