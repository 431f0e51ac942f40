import type { Ask } from '../admin-options.js';

/** What the server says of an account. */
export interface UserInfo {
  readonly uid: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly admin: boolean;
  readonly disabled: boolean;
  readonly anonymous: boolean;
  readonly createdAt: number;
}

export interface UserPage {
  readonly users: readonly UserInfo[];
  readonly next: string | null;
}

/** The path of the account that an e-mail address, a username or a uid names. Rejects if there is none. */
export async function userPath(ask: Ask, name: string): Promise<string> {
  const found = await ask({ method: 'GET', path: `/auth/users?login=${encodeURIComponent(name)}` });
  const { users } = JSON.parse(found) as UserPage;
  const path = `/auth/users/${encodeURIComponent(users[0]?.uid ?? name)}`;
  if (users.length === 0) await ask({ method: 'GET', path });
  return path;
}
