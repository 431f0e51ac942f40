import type { Json } from '@backside/tree';
import type { QueryFields } from '../reference/query.js';
import type { SnapshotState } from '../sync/view.js';
import { keepEqual } from './keep-equal.js';
import { listenAgain } from './listen-again.js';
import type { ReactClient, ReactSnapshot } from './react-client.js';
import { useWatch, type Wish } from './use-watch.js';

export interface ListItem<Value> {
  readonly key: string;
  readonly value: Value;
}

/** What `useList` knows. The same object is returned until something changes. */
export interface ListReading<Value> {
  /** In the order of the query. An item that did not change stays the same object. */
  readonly items: readonly ListItem<Value>[];
  /** Whether nothing is known yet; there are no items then. */
  readonly loading: boolean;
  /** As in `Reading`. */
  readonly state: SnapshotState | null;
  /** Why the server refused the listen, or ended it. There are no items then. */
  readonly error: Error | null;
}

const BY_KEY: QueryFields = { orderBy: '$key' };
const NO_ITEMS: readonly ListItem<never>[] = Object.freeze([]);
const LOADING_LIST: ListReading<never> = Object.freeze({ items: NO_ITEMS, loading: true, state: null, error: null });
const IDLE_LIST: ListReading<never> = Object.freeze({ items: NO_ITEMS, loading: false, state: null, error: null });

/**
 * The children of a path as a list, as long as the component is mounted: of a query as `db.on` takes it,
 * `{ orderBy: 'time', limitToLast: 50 }`, or all of them in the order of their keys. The query may be written in place: what counts is
 * what it says. All components with the same list share one listen. With a null path nothing is listened to.
 */
export function useList(path: string | null, query: QueryFields = BY_KEY): ListReading<Json> {
  return useWatch<ListReading<Json>>(path === null ? null : listWish(path, query), IDLE_LIST);
}

function listWish(path: string, query: QueryFields): Wish<ListReading<Json>> {
  const sorted = Object.entries(query).sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    key: `list ${path} ${JSON.stringify(sorted)}`,
    first: LOADING_LIST,
    start: (client, tell) => listenAgain(client, (refused) => listen(client, { path, query, tell, refused })),
  };
}

interface Listening {
  readonly path: string;
  readonly query: QueryFields;
  readonly tell: (reading: ListReading<Json>) => void;
  readonly refused: () => void;
}

function listen(client: ReactClient, { path, query, tell, refused }: Listening): () => void {
  let last: readonly ListItem<Json>[] = NO_ITEMS;
  const listener = (value: Json, snapshot: ReactSnapshot): void => {
    last = keepItems(last, value, snapshot);
    tell({ items: last, loading: false, state: snapshot.state, error: null });
  };
  const onRefused = (error: Error): void => {
    tell({ items: NO_ITEMS, loading: false, state: 'refused', error });
    refused();
  };
  return client.on(path, listener, { query, refused: onRefused, states: true });
}

/** The children of `value` in the order of its snapshot; those that were there before, and are equal, as they were. */
function keepItems(
  previous: readonly ListItem<Json>[],
  value: Json,
  snapshot: ReactSnapshot,
): readonly ListItem<Json>[] {
  const before = new Map(previous.map((item) => [item.key, item]));
  const children = value as Readonly<Record<string, Json>>;
  const items: ListItem<Json>[] = [];
  snapshot.forEach((child) => {
    const key = child.key!;
    items.push(keepEqual(before.get(key), { key, value: children[key]! }));
  });
  const same = items.length === previous.length && items.every((item, index) => item === previous[index]);
  return same ? previous : items;
}
