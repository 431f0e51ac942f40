import { presence } from '@backside/sdk/presence';
import { byId, element } from '../lib/element.js';
import type { Session } from './session.js';

/** Who is in the room, this user included, for as long as the page shows it. The result leaves the room. */
export function sharePresence({ db, uid, name, notices }: Session, room: string): () => void {
  const list = byId('people', HTMLUListElement);
  const here = presence<{ name: string }>(db, `/presence/${room}`);
  const stop = here.onChange((people) => {
    list.replaceChildren(...people.map(({ uid: id, meta }) => element('li', { 'data-uid': id }, meta.name)));
  });
  notices.watch(here.join(uid, { name: name() }));
  const renamed = (): void => notices.watch(here.join(uid, { name: name() }));
  const input = byId('name', HTMLInputElement);
  input.addEventListener('change', renamed);
  return () => {
    stop();
    input.removeEventListener('change', renamed);
    notices.watch(here.leave());
    list.replaceChildren();
  };
}
