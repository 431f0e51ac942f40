export type { Auth, AuthDatabase, AuthOptions, NewAccount, ProviderOptions, SignInWays } from './auth.js';
export { createAuth } from './create-auth.js';
export type { LinkOptions, NewPasskey, OwnAccount, OwnerProof, OwnSession, Passkey } from './own-account.js';
export { SecondFactorError } from './second-factor-error.js';
export {
  type AsyncKeyValue,
  type AuthStorage,
  asyncStorage,
  memoryStorage,
  webStorage,
} from './storage.js';
export type { AuthUser } from './user.js';
