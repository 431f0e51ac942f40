import type { Json } from '@backside/tree';
import { keepEqual } from './keep-equal.js';
import { listenAgain } from './listen-again.js';
import type { ReactClient, ReactSnapshot } from './react-client.js';
import { IDLE, LOADING, type Reading } from './reading.js';
import { useWatch, type Wish } from './use-watch.js';

/**
 * The value at a path, as long as the component is mounted. All components that name the same path share one listen.
 * With a null path, as while nobody is signed in, nothing is listened to. What a change leaves as it was keeps its identity.
 */
export function useValue(path: string | null): Reading<Json> {
  return useWatch<Reading<Json>>(path === null ? null : valueWish(path), IDLE);
}

function valueWish(path: string): Wish<Reading<Json>> {
  return {
    key: `value ${path}`,
    first: LOADING,
    start: (client, tell) => listenAgain(client, (refused) => listen(client, { path, tell, refused })),
  };
}

interface Listening {
  readonly path: string;
  readonly tell: (reading: Reading<Json>) => void;
  readonly refused: () => void;
}

function listen(client: ReactClient, { path, tell, refused }: Listening): () => void {
  let last: Json = null;
  const listener = (value: Json, { state }: ReactSnapshot): void => {
    last = keepEqual(last, value);
    tell({ value: last, loading: false, state, error: null });
  };
  const onRefused = (error: Error): void => {
    tell({ value: null, loading: false, state: 'refused', error });
    refused();
  };
  return client.on(path, listener, { refused: onRefused, states: true });
}
