import { BacksideError, type Principal } from '@backside/protocol';
import { requireAdmin } from './admin.js';
import { type AuthContext, audit } from './auth-context.js';
import type { DeviceApi, NewDevice } from './device-api.js';
import { PATHS } from './paths.js';
import type { PrivateValue } from './private-tree.js';
import type { Client } from './sign-in-api.js';
import { isValidUid } from './uid.js';
import { pageSize } from './users.js';

/** See `DeviceApi`. */
export function createDeviceAdmin(context: AuthContext): DeviceApi {
  const { devices } = context;
  return {
    async list(actor, page = {}): ReturnType<DeviceApi['list']> {
      await requireAdmin(context, actor);
      const limit = pageSize(page.limit);
      const found = devices.list({ after: page.after, limit: limit + 1 });
      const last = found[limit - 1];
      return { devices: found.slice(0, limit), next: found.length > limit && last !== undefined ? last.key : null };
    },
    create: (actor, device, client) => create(context, actor, { device, client }),
    async revoke(actor, key, client): Promise<void> {
      const by = await requireAdmin(context, actor);
      const { uid } = await devices.revoke(key);
      audit(context, 'device-revoked', client ?? null, { uid, by, details: { device: key } });
    },
  };
}

async function create(
  context: AuthContext,
  actor: Principal,
  { device: wish, client }: { readonly device: NewDevice; readonly client: Client | undefined },
): ReturnType<DeviceApi['create']> {
  const by = await requireAdmin(context, actor);
  const present = wish.uid === undefined ? [] : [presence(context, wish.uid)];
  const made = await context.devices.create(wish, present);
  const { uid, key } = made.device;
  audit(context, 'device-created', client ?? null, { uid, by, details: { device: key } });
  return made;
}

/** That the account is there, and no admin's. */
function presence(context: AuthContext, uid: string): PrivateValue {
  const account = isValidUid(uid) ? context.accounts.get(uid) : null;
  if (account === null) throw new BacksideError('not-found', 'No such account');
  if (account.admin) throw new BacksideError('permission-denied', 'A device cannot act for an admin');
  return { path: [...PATHS.account(uid), 'version'], value: account.version };
}
