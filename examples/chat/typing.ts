import { byId } from '../lib/element.js';
import type { Session } from './session.js';

const IDLE_MS = 4000;

/** Tells the room while this user types, and the user who else does. The result ends both. */
export function shareTyping(session: Session, room: string): () => void {
  const stopShowing = showTyping(session, room);
  const input = byId('text', HTMLInputElement);
  const own = session.db.ref(`/typing/${room}/${session.uid}`);
  let idle: ReturnType<typeof setTimeout> | null = null;

  const stop = (): void => {
    if (idle === null) return;
    clearTimeout(idle);
    idle = null;
    session.notices.watch(own.remove());
  };
  const begin = (): void => {
    // Should the page go away in the middle of a word, the server takes it back. This holds for one connection.
    session.notices.watch(own.onDisconnect().remove());
    session.notices.watch(own.set(session.name()));
  };
  const typed = (): void => {
    if (input.value === '') {
      stop();
      return;
    }
    if (idle === null) begin();
    else clearTimeout(idle);
    idle = setTimeout(stop, IDLE_MS);
  };
  input.addEventListener('input', typed);
  return () => {
    input.removeEventListener('input', typed);
    stop();
    stopShowing();
  };
}

function showTyping({ db, uid, notices }: Session, room: string): () => void {
  const place = byId('typing', HTMLParagraphElement);
  const stop = db.ref(`/typing/${room}`).listen(
    'value',
    (snapshot) => {
      const others = Object.entries(snapshot.val() ?? {}).filter(([typist]) => typist !== uid);
      const names = others.map(([, name]) => name);
      place.textContent =
        names.length === 0 ? '\u00a0' : `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} typing …`;
    },
    { refused: notices.show },
  );
  return () => {
    stop();
    place.textContent = '\u00a0';
  };
}
