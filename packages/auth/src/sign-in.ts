import type { AuthContext } from './auth-context.js';
import { signInCustom } from './custom-sign-in.js';
import { verifyEmail } from './email-verification.js';
import { provePassword } from './password-proof.js';
import { requestReset, resetPassword } from './password-reset.js';
import { logout, refreshSession } from './refresh-session.js';
import { finishWithCode } from './second-factor-sign-in.js';
import type { SignInApi } from './sign-in-api.js';
import { signInAnonymously, signUp, upgradeAnonymous } from './sign-up.js';
import { beginOrChallenge } from './signed-in.js';

/** See `SignInApi`. */
export function createSignIn(context: AuthContext): SignInApi {
  return {
    signUp: (request, client) => signUp(context, request, client),
    async password(request, client): ReturnType<SignInApi['password']> {
      const { account, provider, external, admission } = await provePassword(context, request, client);
      const result = await beginOrChallenge(context, account, { provider, client, external });
      if (result.kind === 'signed-in') admission.succeeded();
      else admission.withdrawn();
      return result;
    },
    secondFactor: (request, client) => finishWithCode(context, request, client),
    anonymous: (client) => signInAnonymously(context, client),
    upgrade: (actor, request, client) => upgradeAnonymous(context, actor, { request, client }),
    custom: ({ token }, client) => signInCustom(context, token, client),
    refresh: (request, client) => refreshSession(context, request, client),
    logout: ({ refreshToken }, client) => logout(context, refreshToken, client),
    requestReset: ({ login }, client) => requestReset(context, login, client),
    reset: (request, client) => resetPassword(context, request, client),
    verifyEmail: ({ token }, client) => verifyEmail(context, token, client),
  };
}
