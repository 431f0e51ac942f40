import type { AuthUser } from '@backside/sdk/auth';
import { usePresence } from '@backside/sdk/react';
import type { ReactElement } from 'react';
import { auth } from './client.js';
import { useAction } from './use-action.js';

/** Who is signed in, in how many windows, and the way out. */
export function Account({ user }: { user: AuthUser }): ReactElement {
  const { users } = usePresence(`/windows/${user.uid}`, { uid: user.uid });
  const windows = users[0]?.connections.length ?? 0;
  const [signOut, { busy }] = useAction(() => auth.signOut());
  return (
    <div className="account">
      <span>{user.anonymous ? 'A guest' : (user.username ?? user.uid)}</span>
      {windows > 1 && <span className="soft windows">in {windows} windows</span>}
      <button type="button" className="quiet" disabled={busy} onClick={signOut}>
        Sign out
      </button>
    </div>
  );
}
