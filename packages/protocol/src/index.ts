export { Commit, type CommitDraft, type CommitFields, decodeCommit } from './commit.js';
export { type PackedCommits, packCommits, packEncodings, unpackCommits } from './commit-pack.js';
export type { Credentials } from './credentials.js';
export { DESTINATIONS, PROTOCOL_VERSION } from './destinations.js';
export {
  BacksideError,
  type BacksideErrorOptions,
  ERRORS,
  type ErrorCode,
  type ErrorDefinition,
  toBacksideError,
} from './errors.js';
export {
  type AckLevel,
  DATABASE_HEADER,
  formatResumePoint,
  HEADERS,
  parseResumePoint,
  type ResumePoint,
} from './headers.js';
export { type Logger, SILENT_LOGGER } from './logger.js';
export {
  ADMIN,
  type AdminPrincipal,
  authorOf,
  expiryOf,
  NOBODY,
  type NobodyPrincipal,
  type Principal,
  type UserPrincipal,
} from './principal.js';
export { isRetryable } from './retryable.js';
export { encodeUtf8 } from './utf8.js';
