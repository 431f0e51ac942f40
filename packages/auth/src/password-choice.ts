import type { AccountRecord } from './account.js';
import type { AuthContext } from './auth-context.js';
import { assertGoodPassword } from './password-policy.js';
import { forbidden } from './refusals.js';

/** Throws `weak-password` unless the account may have the password. */
export function checkPassword(
  context: AuthContext,
  password: string,
  account: { readonly email?: AccountRecord['email']; readonly username?: AccountRecord['username'] },
): void {
  const names = [account.email, account.username];
  assertGoodPassword(password, { minLength: context.settings.minPasswordLength, names });
}

/** Throws `permission-denied` where nobody signs in by password. */
export function assertPasswordsInUse(context: AuthContext): void {
  if (!context.settings.passwordSignIn) throw forbidden('Sign-in by password is closed');
}
