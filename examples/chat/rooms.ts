import { byId, element } from '../lib/element.js';
import type { Room } from './schema.js';
import type { Session } from './session.js';

/** The room that the page's address names; null for none. Keys of rooms are drawn by `push`, and need no escaping. */
export function currentRoom(): string | null {
  return /^#([\w-]+)$/.exec(location.hash)?.[1] ?? null;
}

/** Lists the rooms, in the order in which they were opened, and opens new ones. `onRooms` is told of each change. */
export function showRooms(session: Session, onRooms: (rooms: ReadonlyMap<string, Room>) => void): void {
  const list = byId('rooms', HTMLUListElement);
  session.db.ref('/rooms').on(
    'value',
    (snapshot) => {
      const rooms = new Map<string, Room>(Object.entries(snapshot.val() ?? {}));
      list.replaceChildren(...[...rooms].map(([id, room]) => link(id, room)));
      onRooms(rooms);
    },
    session.notices.show,
  );
  window.addEventListener('hashchange', () => {
    for (const anchor of list.querySelectorAll('a')) mark(anchor);
  });
  bindForm(session);
}

function link(id: string, room: Room): HTMLLIElement {
  const anchor = element('a', { href: `#${id}` }, room.name);
  anchor.toggleAttribute('data-announcements', room.announcements === true);
  mark(anchor);
  return element('li', {}, anchor);
}

function mark(anchor: HTMLAnchorElement): void {
  if (anchor.hash === location.hash) anchor.setAttribute('aria-current', 'page');
  else anchor.removeAttribute('aria-current');
}

function bindForm({ db, uid, notices }: Session): void {
  const form = byId('new-room', HTMLFormElement);
  const name = byId('room-name', HTMLInputElement);
  const announcements = byId('room-announcements', HTMLInputElement);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const room = { name: name.value, by: uid, time: { '.sv': 'timestamp' as const } };
    const ref = db.ref('/rooms').push();
    notices.watch(ref.set(announcements.checked ? { ...room, announcements: true } : room));
    location.hash = ref.key!;
    form.reset();
  });
}
