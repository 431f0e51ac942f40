import { BacksideError, NOBODY, type Principal } from '@backside/protocol';
import type { Authenticate } from '@backside/proxy';
import type { ServerConfig } from '../config/server-options.js';

/**
 * Who a client is. In development a login is believed without a password; otherwise, and for tokens, there is nobody yet
 * who could check it, so it is refused.
 */
export function createAuthenticate(mode: ServerConfig['mode']): Authenticate {
  return async ({ login, token }): Promise<Principal> => {
    if (token === undefined && login === undefined) return NOBODY;
    if (mode === 'development' && token === undefined && login !== undefined) {
      return { kind: 'user', uid: login, provider: 'development', claims: {} };
    }
    throw new BacksideError('unauthenticated', 'this server has no way to check credentials');
  };
}
