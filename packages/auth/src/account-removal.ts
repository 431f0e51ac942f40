import type { AuthContext } from './auth-context.js';
import { joinEdits } from './edit.js';
import { PATHS } from './paths.js';

/** Deletes an account with its sessions and devices, and remembers for a while that it was there. Rejects `not-found`. */
export async function removeAccount(context: AuthContext, uid: string): Promise<void> {
  const { accounts, sessions, devices, now } = context;
  await accounts.delete(uid, () =>
    joinEdits(sessions.clear(uid), devices.clear(uid), {
      changes: [{ path: PATHS.deleted(uid), value: now() }],
      expect: [],
    }),
  );
}
