import { byId } from '../lib/element.js';
import { showMessages } from './messages.js';
import { sharePresence } from './people.js';
import type { Session } from './session.js';
import { shareTyping } from './typing.js';

/** Shows a room and lets the user speak in it. The result leaves it. */
export function enterRoom(session: Session, room: string): () => void {
  const ends = [
    showMessages(session, room),
    shareTyping(session, room),
    sharePresence(session, room),
    say(session, room),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function say({ db, uid, name, notices }: Session, room: string): () => void {
  const form = byId('say', HTMLFormElement);
  const text = byId('text', HTMLInputElement);
  const submit = (event: Event): void => {
    event.preventDefault();
    const message = { by: uid, name: name(), text: text.value, time: { '.sv': 'timestamp' as const } };
    // It is on the screen at once; should the rules refuse it, it goes away again and the notice says why.
    notices.watch(db.push(`/messages/${room}`, message));
    text.value = '';
    text.dispatchEvent(new Event('input'));
  };
  form.addEventListener('submit', submit);
  form.hidden = false;
  text.focus();
  return () => {
    form.removeEventListener('submit', submit);
    form.hidden = true;
  };
}
