export type { Auth, AuthDatabase, AuthOptions, NewAccount, ProviderOptions } from './auth.js';
export { createAuth } from './create-auth.js';
export { SecondFactorError } from './second-factor-error.js';
export {
  type AsyncKeyValue,
  type AuthStorage,
  asyncStorage,
  memoryStorage,
  webStorage,
} from './storage.js';
export type { AuthUser } from './user.js';
