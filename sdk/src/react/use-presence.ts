import type { Json } from '@backside/tree';
import { useEffect } from 'react';
import type { Presence, PresentUser } from '../presence/presence.js';
import { presence } from '../presence/presence-list.js';
import { useClient } from './provider.js';
import type { ReactClient } from './react-client.js';
import { type Me, Seat } from './seat.js';
import { useWatch, type Wish } from './use-watch.js';

/** Who is there. The same object is returned until something changes. */
export interface PresenceReading<Meta extends Json = Json> {
  readonly users: readonly PresentUser<Meta>[];
  /** Whether nothing is known yet. */
  readonly loading: boolean;
  /** Why the server refused to let this client in. */
  readonly error: Error | null;
}

const NOBODY: PresenceReading<never> = Object.freeze({ users: [], loading: true, error: null });
const IDLE: PresenceReading<never> = Object.freeze({ users: [], loading: false, error: null });

/**
 * Who is present below a path, as long as the component is mounted; with `me`, this client is among them for that long. `me` may be
 * written in place: what counts is what it says. With a null path nothing is listened to.
 */
export function usePresence<Meta extends Json = Json>(
  path: string | null,
  me: Me<Meta> | null = null,
): PresenceReading<Meta> {
  const client = useClient();
  const words = me === null ? null : JSON.stringify(me);
  useEffect(() => {
    if (client === null || path === null || words === null) return undefined;
    return placeOf(client, path).seat.take(JSON.parse(words) as Me);
  }, [client, path, words]);
  const wish = path === null ? null : (presenceWish(path) as Wish<PresenceReading<Meta>>);
  return useWatch<PresenceReading<Meta>>(wish, IDLE);
}

function presenceWish(path: string): Wish<PresenceReading> {
  return { key: `presence ${path}`, first: NOBODY, start: (client, tell) => follow(client, path, tell) };
}

function follow(client: ReactClient, path: string, tell: (reading: PresenceReading) => void): () => void {
  const { presence: present, seat, tellers } = placeOf(client, path);
  let reading: PresenceReading = NOBODY;
  const change = (part: Partial<PresenceReading>): void => {
    reading = { ...reading, ...part };
    tell(reading);
  };
  const onError = (error: Error | null): void => {
    if (error !== reading.error) change({ error });
  };
  const stop = present.onChange((users) => change({ users, loading: false }));
  tellers.add(onError);
  // Somebody else may be allowed what was refused.
  const unwatch = client.connection.onUser(() => seat.settle());
  return () => {
    unwatch();
    tellers.delete(onError);
    stop();
  };
}

/** The presence that all components of a client with the same path share. */
interface Place {
  readonly presence: Presence;
  readonly seat: Seat;
  /** Told how joining goes. */
  readonly tellers: Set<(error: Error | null) => void>;
}

const places = new WeakMap<ReactClient, Map<string, Place>>();

function placeOf(client: ReactClient, path: string): Place {
  const ofClient = places.get(client) ?? new Map<string, Place>();
  places.set(client, ofClient);
  const place = ofClient.get(path) ?? newPlace(client, path);
  ofClient.set(path, place);
  return place;
}

function newPlace(client: ReactClient, path: string): Place {
  const present = presence(client, path);
  const tellers = new Set<(error: Error | null) => void>();
  const seat = new Seat(present, (error) => {
    for (const tell of [...tellers]) tell(error);
  });
  return { presence: present, seat, tellers };
}
