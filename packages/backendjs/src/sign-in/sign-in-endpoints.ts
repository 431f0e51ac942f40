import type { RateLimits } from '../access/rate-limits.js';
import type { LegacyCall, LegacyEndpoint, LegacyReply } from '../endpoint.js';
import { LegacyAnswer } from '../http/answer.js';
import { LegacyError } from '../http/legacy-error.js';
import { cookieHeaders, issueFurtherProofs, issueProofs } from './issue-proofs.js';
import { ownRecord } from './own-record.js';
import { proveLogin } from './prove-login.js';

/** `/auth /login /logout /ping` (section 2.6). */
export function signInEndpoints(limits: RateLimits): LegacyEndpoint[] {
  return [
    { paths: ['/auth'], serve: whoAmI },
    { paths: ['/login'], serve: (call) => login(call, limits) },
    { paths: ['/logout'], serve: (call) => LegacyAnswer.json({}, 200, cookieHeaders(call, null)) },
    { paths: ['/ping'], serve: () => ({}) },
  ];
}

function whoAmI(call: LegacyCall): LegacyReply {
  const { credential, isAdmin } = call.requireAccount();
  const { fields, headers } = issueFurtherProofs(call);
  return LegacyAnswer.json({ ...ownRecord(call.context, credential, isAdmin), ...fields }, 200, headers);
}

async function login(call: LegacyCall, limits: RateLimits): Promise<LegacyReply> {
  const { params, context, request } = call;
  const name = params.text('login').trim();
  const proof = params.text('secret') || params.text('password');
  if (name === '' || proof === '') throw new LegacyError(417, 'No login provided', 'NOLOGIN');
  await limits.guess(name, request.address);
  const credential = await proveLogin(context, { login: name, proof, address: request.address });
  const user = await context.users.get(credential.id);
  if (user === null || user.disabled) throw new LegacyError(403, 'Access denied', 'NOACCESS');
  if (user.secondFactor && credential.secretIsPassword) throw secondFactorWanted();
  if (credential.expires > 0 && credential.expires < context.now())
    throw new LegacyError(412, 'Expired account', 'ENDED');
  const isAdmin = user.admin || credential.types.includes('admin');
  const { fields, headers } = issueProofs(call, credential);
  const secret =
    context.settings.loginReturnsSecret && !credential.secretIsPassword ? { secret: credential.secret } : {};
  return LegacyAnswer.json({ ...ownRecord(context, credential, isAdmin), ...secret, ...fields }, 200, headers);
}

/** Who asked for a second factor is not let in by what is half of it. */
function secondFactorWanted(): LegacyError {
  return new LegacyError(401, 'Sign in with both factors', 'NOAUTH');
}
