import { useMemo, useSyncExternalStore } from 'react';
import { useClient } from './provider.js';
import type { ReactClient } from './react-client.js';
import { type StartListen, sharedListensOf, type Watch } from './shared-listens.js';

/** What a hook wants to know; `key` says what in full: equal keys share one listen. */
export interface Wish<State> {
  readonly key: string;
  readonly first: State;
  start(client: ReactClient, tell: (state: State) => void): () => void;
}

/**
 * The state of a listen that runs while a component is mounted. Without a wish, the state is `idle`; on a server, and while that
 * markup is being hydrated, it is the wish's first.
 */
export function useWatch<State>(wish: Wish<State> | null, idle: State): State {
  const client = useClient();
  const key = wish?.key ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the whole wish
  const watch = useMemo(() => watchFor(client, wish, idle), [client, key]);
  return useSyncExternalStore(watch.subscribe, watch.current, () => wish?.first ?? idle);
}

function watchFor<State>(client: ReactClient | null, wish: Wish<State> | null, idle: State): Watch<State> {
  if (client === null || wish === null) return still(wish?.first ?? idle);
  const start: StartListen<State> = (tell) => wish.start(client, tell);
  return sharedListensOf(client).watch(wish.key, wish.first, start);
}

/** A state that never changes. */
function still<State>(state: State): Watch<State> {
  return { subscribe: () => () => undefined, current: () => state };
}
