import { byId, element } from '../lib/element.js';
import { type Entry, mergeWindow } from './history.js';
import type { Session } from './session.js';

const PAGE = 30;

/** Keeps the list of messages showing one room: the newest live, older ones when asked for. The result ends that. */
export function showMessages(session: Session, room: string): () => void {
  const list = new MessageList(session, room);
  const stop = list.query.limitToLast(PAGE).listen(
    'value',
    (snapshot) => {
      const window: Entry[] = [];
      snapshot.forEach((child) => void window.push({ id: child.key!, message: child.val()! }));
      list.showWindow(window);
      list.markUnsent(snapshot.state === 'pending');
    },
    { refused: session.notices.show, states: true },
  );
  const older = (): void => session.notices.watch(list.loadOlder());
  const button = byId('older', HTMLButtonElement);
  button.addEventListener('click', older);
  return () => {
    stop();
    button.removeEventListener('click', older);
    list.clear();
  };
}

class MessageList {
  readonly query;
  readonly #uid: string;
  readonly #elements = new Map<string, HTMLLIElement>();
  readonly #sent = new Set<string>();
  readonly #list = byId('messages', HTMLOListElement);
  readonly #older = byId('older', HTMLButtonElement);
  readonly #scroller = byId('scroller', HTMLDivElement);
  #entries: readonly Entry[] = [];

  constructor({ db, uid }: Session, room: string) {
    // The server says when something was said; ids are made by clocks that differ.
    this.query = db.ref(`/messages/${room}`).orderByChild('time');
    this.#uid = uid;
  }

  showWindow(window: readonly Entry[]): void {
    const began = this.#entries.length === 0;
    this.#entries = mergeWindow(this.#entries, window, PAGE);
    if (began || this.#entries === window) this.#older.hidden = window.length < PAGE;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < 40;
    this.#render();
    if (began || atEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Puts one more page before what is shown, and leaves what the reader looks at where it is. */
  async loadOlder(): Promise<void> {
    const first = this.#entries[0];
    if (first === undefined) return;
    const snapshot = await this.query.endBefore(first.message.time, first.id).limitToLast(PAGE).get();
    const page: Entry[] = [];
    snapshot.forEach((child) => void page.push({ id: child.key!, message: child.val()! }));
    if (this.#entries[0]?.id !== first.id) return;
    this.#entries = [...page, ...this.#entries];
    this.#older.hidden = page.length < PAGE;
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    this.#render();
    this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
  }

  /** Own messages that came while something is unsent are shown as such, until nothing is. */
  markUnsent(unsent: boolean): void {
    for (const [id, shown] of this.#elements) {
      if (!unsent) this.#sent.add(id);
      shown.classList.toggle('pending', shown.classList.contains('own') && !this.#sent.has(id));
    }
  }

  clear(): void {
    this.#entries = [];
    this.#older.hidden = true;
    this.#render();
  }

  #render(): void {
    const shown = new Set(this.#entries.map(({ id }) => id));
    for (const id of this.#elements.keys()) if (!shown.has(id)) this.#elements.delete(id);
    this.#list.replaceChildren(...this.#entries.map((entry) => this.#element(entry)));
  }

  /** Messages do not change, so that an element is made once. */
  #element({ id, message }: Entry): HTMLLIElement {
    const known = this.#elements.get(id);
    if (known !== undefined) return known;
    const time = new Date(message.time);
    const made = element(
      'li',
      { class: message.by === this.#uid ? 'message own' : 'message' },
      element(
        'header',
        {},
        element('strong', {}, message.name),
        element('time', { datetime: time.toISOString() }, time.toLocaleTimeString([], { timeStyle: 'short' })),
      ),
      element('p', {}, message.text),
    );
    this.#elements.set(id, made);
    return made;
  }
}
