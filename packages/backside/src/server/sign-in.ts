import { BacksideError, NOBODY, type Principal } from '@backside/protocol';
import type { Authenticate } from '@backside/proxy';

/** Who a client is: nobody. There is nothing yet that could check a credential, so one that is offered is refused, in every mode. */
export const authenticate: Authenticate = async ({ login, token }): Promise<Principal> => {
  if (token === undefined && login === undefined) return NOBODY;
  throw new BacksideError(
    'unauthenticated',
    'this server has no way to check credentials; connect without login and token',
  );
};
