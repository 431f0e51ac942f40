import type { Endpoint } from '../endpoint.js';
import type { RestOptions } from '../rest-options.js';
import { ACCOUNT_ENDPOINTS } from './account-endpoints.js';
import { ADMIN_ENDPOINTS } from './admin-endpoints.js';
import { linkPageEndpoints } from './link-pages.js';
import { MAIL_ENDPOINTS } from './mail-endpoints.js';
import { oidcEndpoints } from './oidc-endpoints.js';
import { PASSKEY_ENDPOINTS } from './passkey-endpoints.js';
import { SIGN_IN_ENDPOINTS } from './sign-in-endpoints.js';
import { TOTP_ENDPOINTS } from './totp-endpoints.js';
import { USER_ENDPOINTS } from './user-endpoints.js';

/** Everything below `/auth`. */
export function authEndpoints(options: RestOptions): readonly Endpoint[] {
  return [
    ...SIGN_IN_ENDPOINTS,
    ...ACCOUNT_ENDPOINTS,
    ...TOTP_ENDPOINTS,
    ...PASSKEY_ENDPOINTS,
    ...MAIL_ENDPOINTS,
    ...linkPageEndpoints(),
    ...oidcEndpoints(options),
    ...USER_ENDPOINTS,
    ...ADMIN_ENDPOINTS,
  ];
}
