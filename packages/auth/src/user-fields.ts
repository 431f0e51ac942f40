import { BacksideError } from '@backside/protocol';
import type { AccountRecord } from './account.js';
import type { AuthContext } from './auth-context.js';
import { formatClaims } from './claims.js';
import { parseDisplayName } from './display-name.js';
import { normaliseEmail, normaliseUsername } from './login.js';
import { checkPassword } from './password-choice.js';
import { isImportableHash } from './password-hash.js';
import type { NewUser, UserChange } from './user-api.js';

/** Fields of an account that are given or, as undefined, taken away. */
export type Fields = { readonly [K in keyof AccountRecord]?: AccountRecord[K] | undefined };

/** What a new account is made with; throws `invalid-data`. */
export function newFields(user: NewUser): Fields {
  const fields = changedFields(user);
  if (fields.emailVerified && fields.email === undefined) {
    throw new BacksideError('invalid-data', 'There is no address to be verified');
  }
  return fields;
}

/** What a change says about an account's record; throws `invalid-data`. */
export function changedFields(change: NewUser | UserChange): Fields {
  const { email, username, displayName, claims } = change;
  return {
    ...field('email', email, normaliseEmail),
    ...field('username', username, normaliseUsername),
    ...field('displayName', displayName, parseDisplayName),
    ...field('claims', claims, formatClaims),
    ...flag('emailVerified', change.emailVerified),
    ...flag('admin', change.admin),
    ...flag('disabled', change.disabled),
  };
}

/** The hash to store for what was given as password; undefined if none was. */
export async function passwordHashOf(
  context: AuthContext,
  given: { readonly password?: string | undefined; readonly passwordHash?: string | undefined },
  names: Fields,
): Promise<string | undefined> {
  const { password, passwordHash } = given;
  if (passwordHash !== undefined) {
    if (!isImportableHash(passwordHash))
      throw new BacksideError('invalid-data', 'Not a bcrypt hash that can be taken over');
    return passwordHash;
  }
  if (password === undefined) return undefined;
  checkPassword(context, password, names);
  return context.hasher.hash(password);
}

function field<K extends string, G>(
  name: K,
  given: G | null | undefined,
  parse: (value: G) => string | undefined,
): { [P in K]?: string | undefined } {
  if (given === undefined) return {};
  return { [name]: given === null ? undefined : parse(given) } as { [P in K]?: string | undefined };
}

function flag<K extends string>(name: K, given: boolean | undefined): { [P in K]?: true | undefined } {
  if (given === undefined) return {};
  return { [name]: given ? true : undefined } as { [P in K]?: true | undefined };
}
