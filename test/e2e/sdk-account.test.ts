import { connect } from '@backside/sdk';
import { type Auth, createAuth, memoryStorage } from '@backside/sdk/auth';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { nodeSocket } from '../../sdk/src/node/socket.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { Mailbox } from './mailbox.js';

const PASSWORD = 'correct horse battery';
const NEXT_PASSWORD = 'incorrect donkey socket';
const PATIENCE = { timeout: 30_000 };

let mailbox: Mailbox;
let server: ServerHandle;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  mailbox = await Mailbox.open();
  server = await startServer({
    args: [
      ...['--sign-up', '--anonymous', '--password-cost', '10'],
      ...['--public-url', 'https://data.example.org', '--mail-from', 'Example <example@example.org>'],
    ],
    env: { BACKSIDE_SMTP_URL: mailbox.url },
  });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await server?.stop();
  await mailbox?.close();
});

interface App {
  readonly auth: Auth;
  readonly db: ReturnType<typeof connect>;
}

function open(): App {
  const db = connect(server.url, { socket: nodeSocket });
  const url = `http://127.0.0.1:${server.httpPort}`;
  const auth = createAuth(db, { url, storage: memoryStorage(), report: () => {} });
  closers.push(() => {
    auth.close();
    return db.close();
  });
  return { auth, db };
}

async function openAs(name: string): Promise<App> {
  const app = open();
  await app.auth.signUp({ email: addressOf(name), username: name, password: PASSWORD });
  return app;
}

const addressOf = (name: string): string => `${name}@example.org`;

async function tokenMailed(to: string, about: string): Promise<string> {
  const { hash } = await mailbox.link(to, about);
  return new URLSearchParams(hash.slice(1)).get('token')!;
}

test('a forgotten password is replaced by the token of a mail, once, and whoever was signed in no longer is', async () => {
  const { auth } = await openAs('fay');
  const other = open();
  await other.auth.requestPasswordReset('nobody-at-all');
  await other.auth.requestPasswordReset('fay');
  const token = await tokenMailed(addressOf('fay'), 'Reset');
  await expect(other.auth.resetPassword(token, 'short')).rejects.toMatchObject({ code: 'weak-password' });
  await other.auth.resetPassword(token, NEXT_PASSWORD);
  await expect.poll(() => auth.user, PATIENCE).toBeNull();
  await expect(other.auth.resetPassword(token, PASSWORD)).rejects.toMatchObject({ code: 'expired' });
  await expect(other.auth.signIn('fay', PASSWORD)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(await other.auth.signIn('fay', NEXT_PASSWORD)).toMatchObject({ username: 'fay' });
});

test('an address is proved by the token of a mail, also one that takes the place of another', async () => {
  const { auth } = await openAs('gus');
  await auth.account.requestVerification();
  await auth.verifyEmail(await tokenMailed(addressOf('gus'), 'Confirm'));
  expect(await auth.me()).toMatchObject({ email: addressOf('gus'), emailVerified: true });
  await auth.account.changeEmail('gus@example.net', { password: PASSWORD });
  expect((await auth.me())?.email).toBe(addressOf('gus'));
  await auth.verifyEmail(await tokenMailed('gus@example.net', 'http'));
  expect(await auth.me()).toMatchObject({ email: 'gus@example.net', emailVerified: true });
});

test('a new password wants the old one; its session goes on, to the database as well, and all others end', async () => {
  const [app, elsewhere] = [await openAs('hal'), open()];
  await elsewhere.auth.signIn('hal', PASSWORD);
  const { account } = app.auth;
  await expect(account.setPassword(NEXT_PASSWORD)).rejects.toMatchObject({ code: 'reauthentication-required' });
  const wrong = account.setPassword(NEXT_PASSWORD, { password: 'wrong' });
  await expect(wrong).rejects.toMatchObject({ code: 'unauthenticated' });
  const { uid } = await account.setPassword(NEXT_PASSWORD, { password: PASSWORD });
  expect(app.auth.user?.uid).toBe(uid);
  expect(app.db.connection.user?.uid).toBe(uid);
  await expect.poll(() => elsewhere.auth.user, PATIENCE).toBeNull();
  expect((await open().auth.signIn('hal', NEXT_PASSWORD)).uid).toBe(uid);
});

test('sessions are listed and ended, one and all others', async () => {
  const here = await openAs('ida');
  const others = [open(), open(), open()];
  for (const { auth } of others) await auth.signIn('ida', PASSWORD);
  const sessions = await here.auth.account.sessions();
  expect(sessions.map(({ current }) => current).filter(Boolean)).toHaveLength(1);
  expect(sessions).toHaveLength(4);
  const [another] = await others[0]!.auth.account.sessions().then((all) => all.filter(({ current }) => current));
  await here.auth.account.endSession(another!.id);
  await expect.poll(() => others.map(({ auth }) => auth.user === null), PATIENCE).toEqual([true, false, false]);
  await here.auth.account.endOtherSessions();
  await expect.poll(() => others.map(({ auth }) => auth.user), PATIENCE).toEqual([null, null, null]);
  expect(await here.auth.me()).toMatchObject({ username: 'ida' });
});

test('a new name is told to who follows the account', async () => {
  const { auth } = await openAs('joe');
  const names: (string | null | undefined)[] = [];
  auth.onAuthChange((user) => names.push(user?.displayName));
  expect(await auth.account.rename('Joe the Second')).toMatchObject({ displayName: 'Joe the Second' });
  await auth.account.rename(null);
  expect(names).toEqual([null, 'Joe the Second', null]);
});

test('who deletes the account is nobody, here and everywhere', async () => {
  const [app, elsewhere] = [await openAs('kim'), open()];
  await elsewhere.auth.signIn('kim', PASSWORD);
  await expect(app.auth.account.delete()).rejects.toMatchObject({ code: 'reauthentication-required' });
  expect(app.auth.user?.username).toBe('kim');
  await app.auth.account.delete({ password: PASSWORD });
  expect([app.auth.user, app.db.connection.user, await app.auth.token()]).toEqual([null, null, null]);
  await expect.poll(() => elsewhere.auth.user, PATIENCE).toBeNull();
  await expect(open().auth.signIn('kim', PASSWORD)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('nobody has no account', async () => {
  const { account } = open().auth;
  const requests = [account.rename('x'), account.sessions(), account.passkeys(), account.delete(), account.unlink('x')];
  for (const refused of requests) await expect(refused).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('the ways to sign in are told', async () => {
  expect(await open().auth.ways()).toMatchObject({ password: true, signUp: true, anonymous: true, mail: true });
});
