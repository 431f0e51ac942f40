import type { Principal } from '@backside/protocol';
import type { AuthValue } from '@backside/security';

/** The principal as rules see it in `auth`. Admins are never shown to rules, and would be nobody there. */
export function authValueOf(principal: Principal): AuthValue {
  if (principal.kind !== 'user') return null;
  return { uid: principal.uid, provider: principal.provider, token: principal.claims };
}
