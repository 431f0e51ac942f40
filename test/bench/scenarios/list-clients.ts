import { connect, createConnection, type DataSnapshot } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import type { Json } from '@backside/tree';
import { deleteApp, initializeApp } from 'firebase/app';
import { type DataSnapshot as FirebaseSnapshot, getDatabase, onChildChanged, onValue, ref } from 'firebase/database';

/** A listen to `/items` that knows all of it. */
export interface OpenList {
  /** The first state, whole, as an application reads it. */
  readonly first: Json;
  close(): Promise<void>;
}

/**
 * Connects, listens to the value of the list and to changes of its children, and resolves with the first state. `changed` is told of each
 * child that has changed, as an application reads it; the value is told as well each time, and looked at by nobody.
 */
export type OpenClient = (port: number, changed: (child: Json) => void) => Promise<OpenList>;

const openBackside: OpenClient = async (port, changed) => {
  const db = connect(`ws://127.0.0.1:${port}/stomp`, { socket: nodeSocket });
  const list = db.ref('/items');
  list.on('child_changed', (child) => changed(child.val() as Json));
  const snapshot = await new Promise<DataSnapshot>((resolve) => list.on('value', resolve));
  return { first: snapshot.val() as Json, close: () => db.close() };
};

let apps = 0;

const openFirebase: OpenClient = async (port, changed) => {
  const app = initializeApp({ databaseURL: `http://127.0.0.1:${port}?ns=bench` }, `app ${++apps}`);
  const list = ref(getDatabase(app), 'items');
  onChildChanged(list, (child) => changed(child.val() as Json));
  const snapshot = await new Promise<FirebaseSnapshot>((resolve) => onValue(list, resolve));
  return { first: snapshot.val() as Json, close: () => deleteApp(app) };
};

/** No local view at all: the SDK's connection, and JSON.parse of what comes. */
const openBare: OpenClient = async (port, changed) => {
  const connection = createConnection(`ws://127.0.0.1:${port}/stomp`, { socket: nodeSocket });
  const first = await new Promise<Json>((resolve, reject) => {
    const event = ({ snapshot, body }: { readonly snapshot: boolean; readonly body: Json }): void => {
      if (snapshot) resolve(body);
      else changed(body);
    };
    connection.listen({ path: ['items'], query: null }, { event, refused: reject, resumePoint: () => null });
  });
  return { first, close: async () => connection.close() };
};

export const LIST_CLIENTS: Readonly<Record<'backside' | 'firebase' | 'bare', OpenClient>> = {
  backside: openBackside,
  firebase: openFirebase,
  bare: openBare,
};

export type ListClientName = keyof typeof LIST_CLIENTS;
