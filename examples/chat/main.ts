import { type Backside, connect } from '@backside/sdk';
import { createAuth } from '@backside/sdk/auth';
import { byId } from '../lib/element.js';
import { createNotices } from '../lib/notices.js';
import { httpUrl, serverUrl } from '../lib/server-url.js';
import { showStatus } from '../lib/show-status.js';
import { bindName } from './name.js';
import { enterRoom } from './room.js';
import { currentRoom, showRooms } from './rooms.js';
import type { ChatSchema, Room } from './schema.js';
import type { Session } from './session.js';

const db = connect<ChatSchema>(serverUrl);
const notices = createNotices(byId('notices', HTMLDivElement));
showStatus(byId('status', HTMLSpanElement), db);
const name = bindName(byId('name', HTMLInputElement));
signIn(db).then((uid) => start({ db, uid, notices, name }), notices.show);

/** As the user of last time, or a new one without a name or password; resolves with the uid, once there is a server. */
async function signIn(to: Backside<ChatSchema>): Promise<string> {
  const auth = createAuth(to, { url: httpUrl });
  await Promise.all([auth.ready, online(to)]);
  const { uid } = auth.user ?? (await auth.signInAnonymously());
  // Signed out in another tab, or by the server: what the page shows is not this user's any more.
  auth.onAuthChange((user) => {
    if (user?.uid !== uid) location.reload();
  });
  return uid;
}

function online(to: Backside<ChatSchema>): Promise<void> {
  return new Promise((resolve) => {
    const stop = to.onStatus((status) => {
      if (status === 'online') settle();
    });
    const settle = (): void => {
      stop();
      resolve();
    };
    if (to.status === 'online') settle();
  });
}

function start(session: Session): void {
  let rooms: ReadonlyMap<string, Room> = new Map();
  let leave = (): void => undefined;
  const title = byId('room-title', HTMLHeadingElement);
  const showTitle = (): void => {
    const room = rooms.get(currentRoom() ?? '');
    title.textContent = room?.name ?? 'Pick a room, or open one';
  };
  const move = (): void => {
    leave();
    leave = () => undefined;
    showTitle();
    const room = currentRoom();
    if (room !== null) leave = enterRoom(session, room);
  };
  showRooms(session, (known) => {
    rooms = known;
    showTitle();
  });
  window.addEventListener('hashchange', move);
  move();
}
