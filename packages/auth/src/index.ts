export type { AccountApi } from './account-api.js';
export type { AuditEntry, AuditEvent, AuditType } from './audit.js';
export type { Auth, Ways } from './auth.js';
export { type AuthOptions, type AuthSettings, DEFAULT_AUTH_SETTINGS } from './auth-options.js';
export type { AuthProvider, ProviderUser } from './auth-provider.js';
export { createAuth } from './create-auth.js';
export { assertCustomTokenKey, type CustomTokenKey } from './custom-token.js';
export type { CustomTokenAlgorithm } from './custom-token-key.js';
export type { Device, DeviceApi, NewDevice } from './device-api.js';
export type { FederatedApi, FederatedResult, FederatedStart } from './federated-api.js';
export { type Login, parseLogin } from './login.js';
export type { Mail, MailSender } from './mail.js';
export { createPrintingMailSender } from './mail-printing.js';
export { assertSmtpUrl, createSmtpMailSender, type MailFrom, parseMailFrom, type SmtpOptions } from './mail-smtp.js';
export { createMemoryPrivateTree } from './memory-private-tree.js';
export { createOidcProvider, type OidcConfig, type OidcOptions, type OidcProvider } from './oidc.js';
export type { PasskeyApi, PasskeyCeremony, PasskeyInfo } from './passkey-api.js';
export type { KeyRange, PrivateTree, PrivateValue } from './private-tree.js';
export { addressBlock } from './quota/address-block.js';
export { Budget } from './quota/budget.js';
export { Quota } from './quota/quota.js';
export { NO_QUOTA, type QuotaLimits } from './quota/quota-limits.js';
export { Quotas } from './quota/quotas.js';
export type { SecondFactorApi } from './second-factor-api.js';
export type { Session } from './session.js';
export type { Client, SecondFactorRequired, SignedIn, SignInApi, SignInResult, SignUpRequest } from './sign-in-api.js';
export type { Carrier } from './signed-request/find-signature.js';
export { checksumOf, type SigningSecrets, sameText, scrambleSecret } from './signed-request/keyed-hash.js';
export { type RefusalCode, SignedRequestRefusal } from './signed-request/refusal.js';
export { openToken, sealToken } from './signed-request/sealed-token.js';
export { type SignWish, signRequest } from './signed-request/sign-request.js';
export { parseSignature, type Signature, type SignatureVersion } from './signed-request/signature.js';
export { domainOf, hostOf, pathOf, queryOf, type SignedParts } from './signed-request/signed-text.js';
export { UsedSignatures } from './signed-request/used-signatures.js';
export {
  claimedLogin,
  type SignedAccount,
  type SignedRequest,
  type SignedRequestSettings,
  type Verified,
  type VerifyOptions,
  verifySignedRequest,
} from './signed-request/verify-request.js';
export { type Admission, createThrottle, type Throttle, type ThrottleBudgets } from './throttle.js';
export { type AddressPrefixes, addressPrefixes } from './throttle-address.js';
export { isValidUid } from './uid.js';
export type { Claims, User } from './user.js';
export type { NewUser, UserApi, UserChange, UserPage } from './user-api.js';
