import { type AdminPrincipal, type Principal, SILENT_LOGGER } from '@backside/protocol';
import type { Auth } from '../auth.js';
import type { AuthOptions, AuthSettings } from '../auth-options.js';
import { createAuth } from '../create-auth.js';
import type { Mail } from '../mail.js';
import { createMemoryPrivateTree } from '../memory-private-tree.js';
import type { PrivateTree } from '../private-tree.js';
import type { Client, SignedIn, SignInResult } from '../sign-in-api.js';

export const SERVER: AdminPrincipal = { kind: 'admin' };
export const HOME: Client = { address: '192.0.2.1', label: 'test' };
export const PASSWORD = 'correct horse battery';

/** An `Auth` over a private tree, with a clock that stands still until it is told otherwise. */
export interface AuthFixture {
  readonly auth: Auth;
  readonly tree: PrivateTree;
  readonly mails: Mail[];
  readonly clock: { time: number };
  /** A further node over `tree`. */
  connect(tree?: PrivateTree): Promise<Auth>;
  /** Signs up as `name@example.org`, username `name`. */
  signUp(name: string): Promise<SignedIn>;
  login(name: string, password?: string): Promise<SignInResult>;
  principal(signedIn: SignedIn): Promise<Principal>;
  /** The token of the last mail's link, once it is sent. */
  mailedToken(): Promise<string>;
}

export async function createAuthFixture(
  settings: Partial<AuthSettings> = {},
  options: Partial<AuthOptions> = {},
): Promise<AuthFixture> {
  const clock = { time: 1_800_000_000_000 };
  const mails: Mail[] = [];
  const tree = createMemoryPrivateTree();
  const connect = (shared: PrivateTree = tree): Promise<Auth> =>
    createAuth({
      database: 'main',
      tree: shared,
      now: () => clock.time,
      logger: SILENT_LOGGER,
      settings: { passwordCost: 10, signUp: true, anonymous: true, ...settings },
      mail: { send: async (mail) => void mails.push(mail) },
      publicUrl: new URL('https://app.example.org/base'),
      ...options,
    });
  const auth = await connect();
  return {
    auth,
    tree,
    mails,
    clock,
    connect,
    signUp: (name) => auth.signIn.signUp({ email: `${name}@example.org`, username: name, password: PASSWORD }, HOME),
    login: (name, password = PASSWORD) => auth.signIn.password({ login: name, password }, HOME),
    principal: ({ accessToken }) => authenticate(auth, accessToken),
    async mailedToken(): Promise<string> {
      await auth.settled();
      return linkIn(mails.at(-1)).hash.replace('#token=', '');
    },
  };
}

/** The first link of a mail. */
export function linkIn(mail: Mail | undefined): URL {
  const text = /https?:\S+/.exec(mail?.text ?? '')?.[0];
  if (text === undefined) throw new Error('there is no link in the mail');
  return new URL(text);
}

export function authenticate(auth: Auth, token: string): Promise<Principal> {
  return auth.authenticate({ token, database: 'main', remoteAddress: HOME.address });
}

export function authenticateByPassword(auth: Auth, login: string, passcode: string): Promise<Principal> {
  return auth.authenticate({ login, passcode, database: 'main', remoteAddress: HOME.address });
}

/** Throws unless the sign-in is complete. */
export function signedIn(result: SignInResult): SignedIn {
  if (result.kind !== 'signed-in') throw new Error(result.kind);
  return result;
}

/** The code and text of a refusal. */
export async function refusal(promise: Promise<unknown>): Promise<{ code: unknown; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return { code: 'code' in error ? error.code : null, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}
