import type { FederatedResult } from '@backside/auth';

type Result = FederatedResult extends infer R ? (R extends unknown ? Omit<R, 'returnTo'> : never) : never;

/** Where the browser is to come back to, with the application's own `state` in the fragment. */
export function returnAddress(target: string, state: string | undefined): string {
  return state === undefined ? target : withFragment(target, { state });
}

/**
 * The same with the result in the fragment, which no server sees. It holds a refresh token alone, which is good for one use:
 * what stays in the browser's history is worthless, and if somebody else was first, the session ends.
 */
export function withResult(address: string, result: Result): string {
  return withFragment(address, fragmentOf(result));
}

/** Adds to a fragment that is there already, as that of an application which keeps its own paths in it. */
function withFragment(address: string, fields: Record<string, string>): string {
  return `${address}${address.includes('#') ? '&' : '#'}${new URLSearchParams(fields)}`;
}

function fragmentOf(result: Result): Record<string, string> {
  if (result.kind === 'linked') return { linked: 'true' };
  if (result.kind === 'refused') return { error: result.error.code };
  if (result.kind === 'second-factor-required') return { challenge: result.challenge };
  return { refresh_token: result.refreshToken };
}
