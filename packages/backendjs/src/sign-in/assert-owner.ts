import type { LegacyCall } from '../endpoint.js';

/**
 * For what could take the account from its owner. A signature, or what `/login` gave, is proof enough. Who bears an access token of Backside
 * gives the password as well, as `password`, or has signed in shortly before where there is none. Rejects with `unauthenticated` or
 * `reauthentication-required`.
 */
export async function assertOwner({ context, params, request, requireAccount }: LegacyCall): Promise<void> {
  const { principal } = requireAccount();
  if (principal === null) return;
  const password = params.text('password');
  const proof = password === '' ? {} : { password };
  await context.auth.account.prove(principal, proof, { address: request.address });
}
