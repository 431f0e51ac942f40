import { useMemo, useSyncExternalStore } from 'react';
import type { Auth } from '../auth/auth.js';
import type { AuthUser } from '../auth/user.js';

/** Who is signed in. The same object is returned until that changes. */
export interface UserReading {
  /** Null while nobody is. */
  readonly user: AuthUser | null;
  /** Whether it is not known yet who was signed in before. */
  readonly loading: boolean;
}

const LOADING: UserReading = Object.freeze({ user: null, loading: true });

/** Who is signed in, as `createAuth` knows it. `loading` on a server and until that has looked. */
export function useUser(auth: Pick<Auth, 'user' | 'onAuthChange'>): UserReading {
  const store = useMemo(() => userStore(auth), [auth]);
  return useSyncExternalStore(store.subscribe, store.current, () => LOADING);
}

function userStore(auth: Pick<Auth, 'user' | 'onAuthChange'>): {
  subscribe(onChange: () => void): () => void;
  current(): UserReading;
} {
  let reading = LOADING;
  const subscribe = (onChange: () => void): (() => void) =>
    auth.onAuthChange((user) => {
      if (!reading.loading && reading.user === user) return;
      reading = { user, loading: false };
      onChange();
    });
  return { subscribe, current: () => reading };
}
