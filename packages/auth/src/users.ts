import { BacksideError, type Principal } from '@backside/protocol';
import { type Account, type AccountRecord, edited, type SecretRecord } from './account.js';
import { removeAccount } from './account-removal.js';
import { type AccountEdit, recordOf } from './accounts.js';
import { requireAdmin } from './admin.js';
import { type AuthContext, audit } from './auth-context.js';
import { formatClaims } from './claims.js';
import { accountOf } from './custom-sign-in.js';
import { parseLogin } from './login.js';
import { resetToken } from './password-reset.js';
import { withoutSecondFactor } from './second-factor.js';
import type { Client } from './sign-in-api.js';
import { answerFor } from './signed-in.js';
import { createUid, isValidUid, uidKey } from './uid.js';
import type { NewUser, UserApi, UserChange, UserPage } from './user-api.js';
import { changedFields, newFields, passwordHashOf } from './user-fields.js';

const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

/** See `UserApi`. */
export function createUsers(context: AuthContext): UserApi {
  const { accounts, sessions } = context;
  return {
    list: (actor, page = {}) => list(context, actor, page),
    get: async (actor, uid) => accounts.user(await find(context, actor, uid)),
    async find(actor, text): ReturnType<UserApi['find']> {
      await requireAdmin(context, actor);
      const login = parseLogin(text);
      const account = login === null ? null : accounts.byLogin(login);
      return account === null ? null : accounts.user(account);
    },
    create: (actor, user, client) => create(context, actor, { user, client }),
    update: (actor, uid, change, client) => update(context, actor, { uid, change, client }),
    delete: (actor, uid, client) => remove(context, actor, { uid, client }),
    reset: (actor, uid, options = {}, client) => reset(context, actor, { uid, mail: options.mail === true, client }),
    sessions: async (actor, uid) => sessions.of(await find(context, actor, uid)),
    revokeSessions: (actor, uid, { session } = {}, client) => revoke(context, actor, { uid, session, client }),
    issue: (actor, request, client) => issue(context, actor, { ...request, client }),
  };
}

interface Asked {
  readonly uid: string;
  readonly client: Client | undefined;
}

async function find(context: AuthContext, actor: Principal, uid: string): Promise<Account> {
  await requireAdmin(context, actor);
  return requireAccount(context, uid);
}

function requireAccount(context: AuthContext, uid: string): Account {
  if (!isValidUid(uid)) throw new BacksideError('not-found', 'No such account');
  return context.accounts.require(uid);
}

async function list(
  context: AuthContext,
  actor: Principal,
  page: { readonly after?: string | undefined; readonly limit?: number | undefined },
): Promise<UserPage> {
  await requireAdmin(context, actor);
  const { after } = page;
  if (after !== undefined && !isValidUid(after)) throw new BacksideError('invalid-data', 'Not the end of a page');
  const limit = pageSize(page.limit);
  const afterKey = after === undefined ? undefined : uidKey(after);
  const uids = context.accounts.uids({ afterKey, limit: limit + 1 });
  const users = uids.slice(0, limit).flatMap((uid) => {
    const account = context.accounts.get(uid);
    return account === null ? [] : [context.accounts.user(account)];
  });
  return { users, next: uids.length > limit ? (uids[limit - 1] ?? null) : null };
}

/** Between 1 and 1,000. */
export function pageSize(limit: number | undefined): number {
  const wished = limit ?? DEFAULT_PAGE;
  if (!Number.isInteger(wished) || wished < 1) throw new BacksideError('invalid-data', 'A page has at least one entry');
  return Math.min(wished, MAX_PAGE);
}

async function create(
  context: AuthContext,
  actor: Principal,
  { user, client }: { readonly user: NewUser; readonly client: Client | undefined },
): ReturnType<UserApi['create']> {
  const by = await requireAdmin(context, actor);
  const uid = user.uid ?? createUid();
  if (!isValidUid(uid) || context.devices.get(uid) !== null) throw new BacksideError('invalid-data', 'Not a uid');
  const fields = newFields(user);
  const hash = await passwordHashOf(context, user, fields);
  const record = edited<AccountRecord>({ version: 0, generation: 1, createdAt: context.now() }, fields);
  const secrets: SecretRecord = hash === undefined ? {} : { password: hash };
  const account = await context.accounts.create(uid, { record, secrets });
  audit(context, 'user-created', client ?? null, { uid, by, details: { admin: record.admin === true } });
  return context.accounts.user(account);
}

async function update(
  context: AuthContext,
  actor: Principal,
  { uid, change, client }: Asked & { readonly change: UserChange },
): ReturnType<UserApi['update']> {
  const by = await requireAdmin(context, actor);
  const before = requireAccount(context, uid);
  const self = actor.kind === 'admin' && actor.uid === uid;
  if (self && (change.disabled === true || change.admin === false)) {
    throw new BacksideError('permission-denied', 'Admins cannot take their own rights away');
  }
  const fields = changedFields(change);
  const hash = await passwordHashOf(context, change, { ...before, ...fields });
  const after = await context.accounts.change(uid, (current) => updated(context, current, { fields, hash }));
  auditUpdate(context, { before, after, by, client: client ?? null, password: hash !== undefined });
  return context.accounts.user(after);
}

/** A new password, and disabling, void what was proven before. */
function updated(
  context: AuthContext,
  current: Account,
  change: { readonly fields: ReturnType<typeof changedFields>; readonly hash: string | undefined },
): AccountEdit {
  const { fields, hash } = change;
  const ends = hash !== undefined || (fields.disabled === true && !current.disabled);
  const moved = Object.hasOwn(fields, 'email') && fields.email !== current.email;
  const record = edited(recordOf(current), {
    ...(moved ? { emailVerified: undefined } : {}),
    ...fields,
    ...(current.anonymous && (fields.email || fields.username) ? { anonymous: undefined } : {}),
    ...(ends ? { generation: current.generation + 1 } : {}),
  });
  if (record.emailVerified && record.email === undefined) {
    throw new BacksideError('invalid-data', 'There is no address to be verified');
  }
  const secrets = hash === undefined ? current.secrets : edited(current.secrets, { password: hash });
  return { record, secrets, also: ends ? context.sessions.clear(current.uid) : undefined };
}

function auditUpdate(
  context: AuthContext,
  what: { before: Account; after: Account; by: string | undefined; client: Client | null; password: boolean },
): void {
  const { before, after, by, client, password } = what;
  const { uid } = after;
  if (before.disabled !== after.disabled) {
    audit(context, after.disabled ? 'user-disabled' : 'user-enabled', client, { uid, by });
  }
  if (before.claims !== after.claims || before.admin !== after.admin) {
    audit(context, 'claims-changed', client, { uid, by, details: { admin: after.admin === true } });
  }
  if (before.email !== after.email) audit(context, 'email-changed', client, { uid, by });
  if (password) audit(context, 'password-changed', client, { uid, by });
}

async function remove(context: AuthContext, actor: Principal, { uid, client }: Asked): Promise<void> {
  const by = await requireAdmin(context, actor);
  requireAccount(context, uid);
  if (actor.kind === 'admin' && actor.uid === uid)
    throw new BacksideError('permission-denied', 'Admins cannot delete themselves');
  await removeAccount(context, uid);
  audit(context, 'user-deleted', client ?? null, { uid, by });
}

async function reset(
  context: AuthContext,
  actor: Principal,
  { uid, mail, client }: Asked & { readonly mail: boolean },
): ReturnType<UserApi['reset']> {
  const by = await requireAdmin(context, actor);
  const { email } = requireAccount(context, uid);
  if (mail && (context.mailer === null || email === undefined)) {
    throw new BacksideError('unavailable', 'There is no way to mail the link');
  }
  const account = await context.accounts.change(uid, (current) => ({
    record: edited(recordOf(current), { generation: current.generation + 1 }),
    secrets: edited(withoutSecondFactor(current.secrets), { password: undefined, passkeys: undefined }),
    also: context.sessions.clear(uid),
  }));
  audit(context, 'password-reset-requested', client ?? null, { uid, by });
  if (!mail || account.email === undefined) return { token: await resetToken(context, account, { mailed: false }) };
  context.mailer?.reset(account.email, () => resetToken(context, account, { mailed: true }));
  return { token: null };
}

async function revoke(
  context: AuthContext,
  actor: Principal,
  { uid, session, client }: Asked & { readonly session: string | undefined },
): Promise<void> {
  const by = await requireAdmin(context, actor);
  const account = requireAccount(context, uid);
  if (session !== undefined) {
    if (context.sessions.holds(session, account) === null) throw new BacksideError('not-found', 'No such session');
    await context.sessions.end(uid, session);
  } else {
    await context.accounts.change(uid, (current) => ({
      record: edited(recordOf(current), { generation: current.generation + 1 }),
      secrets: current.secrets,
      also: context.sessions.clear(uid),
    }));
  }
  audit(context, 'session-revoked', client ?? null, { uid, by, details: { session: session ?? 'all' } });
}

async function issue(
  context: AuthContext,
  actor: Principal,
  request: Parameters<UserApi['issue']>[1] & { readonly client: Client | undefined },
): ReturnType<UserApi['issue']> {
  const by = await requireAdmin(context, actor);
  const { uid, claims, label, client } = request;
  if (!isValidUid(uid) || context.devices.get(uid) !== null) throw new BacksideError('invalid-data', 'Not a uid');
  const json = claims === undefined ? undefined : formatClaims(claims);
  const account = await accountOf(context, uid);
  const own = actor.kind === 'admin' && (actor.uid === undefined || actor.uid === uid);
  if (account.disabled || (account.admin && !own)) throw new BacksideError('permission-denied', 'Not for this account');
  const from: Client = { address: client?.address ?? 'local', label };
  const wish = { provider: 'issued', client: from, claims: json === undefined ? undefined : claims };
  const { session, edit } = context.sessions.open(account, wish);
  await context.tree.update(edit.changes, edit.expect);
  audit(context, 'sign-in', client ?? null, { uid, by, details: { provider: 'issued' } });
  return answerFor(context, account, session);
}
