import { ADMIN } from '@backside/protocol';
import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { Credential } from '../credentials/credential.js';
import type { AdminColumns } from '../credentials/credentials.js';
import type { LegacyCall } from '../endpoint.js';
import { required } from '../http/legacy-error.js';
import type { Params } from '../http/params.js';
import { isUnclear } from '../rows/is-unclear.js';
import { untilUndisturbed } from '../rows/rows.js';

/** What an answer never repeats. */
const SECRETS: ReadonlySet<string> = new Set(['secret', 'password', 'token_secret', 'auth_secret']);

/**
 * `/account/add`: the credential, then the rows of all areas in one commit; if that fails the credential is taken back. What only
 * admins may say is not heard from others. Answers the parameters with the new id, and the secret if it was drawn.
 */
export async function addAccount(call: LegacyCall): Promise<Json> {
  const { params, context } = call;
  if (params.text('name').trim() === '') throw required('name');
  if (params.text('login').trim() === '') throw required('login');
  if (params.text('secret') === '' && params.text('password') === '') throw required('secret');
  const isAdmin = call.account?.isAdmin ?? false;
  const credential = await context.credentials.add({
    login: params.text('login').trim(),
    name: params.text('name').trim(),
    secret: params.text('secret') || undefined,
    password: params.text('password') || undefined,
    admin: isAdmin ? adminColumns(params) : undefined,
  });
  try {
    await writeRows(context, credential, params);
  } catch (error) {
    if (!isUnclear(error)) await untilUndisturbed(() => context.credentials.remove(credential.id));
    throw error;
  }
  context.metrics.count('auth_add');
  return {
    ...given(params, isAdmin),
    id: credential.id,
    _added: true,
    ...(params.text('secret') === '' && { secret: credential.secret }),
  };
}

async function writeRows(context: BackendjsContext, credential: Credential, params: Params): Promise<void> {
  const account = { credential, columns: params.columns(), now: context.now() };
  const steps = context.accountHooks.flatMap((hook) => hook.onAdd?.(account) ?? []);
  await context.database.write({ principal: ADMIN, steps });
}

function adminColumns(params: Params): Partial<AdminColumns> {
  const lists = { types: params.list('type'), flags: params.list('flags') };
  return {
    ...lists,
    aclDeny: params.text('acl_deny'),
    aclAllow: params.text('acl_allow'),
    queryDeny: params.text('query_deny'),
    authSecret: params.text('auth_secret'),
    rlimitsMax: params.number('rlimits_max'),
    rlimitsRate: params.number('rlimits_rate'),
    expires: params.number('expires'),
  };
}

/** What was taken of the request. */
function given(params: Params, isAdmin: boolean): { [column: string]: Json } {
  const isTaken = (name: string): boolean => !SECRETS.has(name) && (isAdmin || !ADMIN_COLUMNS.has(name));
  return Object.fromEntries([...params.columns()].filter(([name]) => isTaken(name)));
}

/** As clients call them. */
const ADMIN_COLUMNS: ReadonlySet<string> = new Set([
  'type',
  'flags',
  'acl_deny',
  'acl_allow',
  'query_deny',
  'rlimits_max',
  'rlimits_rate',
  'expires',
]);
