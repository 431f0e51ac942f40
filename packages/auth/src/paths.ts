import type { Path } from '@backside/tree';
import { uidKey } from './uid.js';

/** Where everything lies in the private tree. Keys are made by the server, or by `uidKey`, or are hashes. */
export const PATHS: {
  readonly accounts: Path;
  readonly devices: Path;
  readonly keys: Path;
  /** How often keys were added; expected by whoever adds one, so that of many nodes one does. */
  readonly keyCount: Path;
  readonly oneTime: Path;
  readonly sessions: Path;
  readonly audit: Path;
  account(uid: string): Path;
  /** What proves who the account is: password hash, second factor. */
  secrets(uid: string): Path;
  /** When the account last signed in; apart, so that a sign-in is no change of the account. */
  lastSignIn(uid: string): Path;
  /** The uid that a login belongs to, by `loginKey`. */
  login(key: string): Path;
  /** The uid that an identity at a provider belongs to, by `identityKey`. */
  identity(key: string): Path;
  /** The uid that a passkey belongs to, by the hash of its id. */
  passkey(key: string): Path;
  /** When an account was deleted. */
  deleted(uid: string): Path;
  session(id: string): Path;
  sessionsOf(uid: string): Path;
  device(key: string): Path;
  devicesOf(uid: string): Path;
  oneTimeToken(hash: string): Path;
  key(kid: string): Path;
} = {
  accounts: ['accounts'],
  devices: ['devices'],
  keys: ['keys'],
  keyCount: ['keyCount'],
  oneTime: ['oneTime'],
  sessions: ['sessions'],
  audit: ['audit'],
  account: (uid) => ['accounts', uidKey(uid)],
  secrets: (uid) => ['secrets', uidKey(uid)],
  lastSignIn: (uid) => ['lastSignIn', uidKey(uid)],
  login: (key) => ['logins', key],
  identity: (key) => ['identities', key],
  passkey: (key) => ['passkeys', key],
  deleted: (uid) => ['deleted', uidKey(uid)],
  session: (id) => ['sessions', id],
  sessionsOf: (uid) => ['sessionsOf', uidKey(uid)],
  device: (key) => ['devices', key],
  devicesOf: (uid) => ['devicesOf', uidKey(uid)],
  oneTimeToken: (hash) => ['oneTime', hash],
  key: (kid) => ['keys', kid],
};
