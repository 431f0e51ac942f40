/** A window that was opened for a sign-in. */
export interface PopupWindow {
  readonly closed: boolean;
  /** Goes to another address. */
  leave(url: string): void;
  close(): void;
}

/** The parts of a browser page that a sign-in elsewhere needs. */
export interface Page {
  readonly href: string;
  /** Leaves for another page. */
  leave(url: string): void;
  /** Shows another address for this page, without leaving it. */
  rename(url: string): void;
  /** An empty window; null if the browser does not let it. */
  open(): PopupWindow | null;
  /** Whether another page of this origin, or of any, has opened this one. */
  readonly isPopup: boolean;
  /** Tells the page that opened this one, if it is of the same origin. */
  tellOpener(message: unknown): void;
  /** Told what popups of the same origin tell. */
  onPopupMessage(listener: (message: unknown) => void): () => void;
  close(): void;
  /** What this tab remembers over pages. */
  readonly memory: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

/** The real page; throws where there is none. */
export function browserPage(): Page {
  if (typeof window === 'undefined') throw new Error('signing in through a provider needs a browser');
  return {
    get href() {
      return location.href;
    },
    leave: (url) => location.assign(url),
    rename: (url) => history.replaceState(history.state, '', url),
    open: openPopup,
    isPopup: window.opener !== null,
    tellOpener: (message) => (window.opener as Window).postMessage(message, location.origin),
    onPopupMessage: (listener) => {
      const hear = (event: MessageEvent): void => {
        if (event.origin === location.origin) listener(event.data);
      };
      addEventListener('message', hear);
      return () => removeEventListener('message', hear);
    },
    close: () => window.close(),
    memory: sessionStorage,
  };
}

function openPopup(): PopupWindow | null {
  const popup = window.open('', '_blank', 'popup,width=520,height=680');
  return (
    popup && {
      get closed() {
        return popup.closed;
      },
      leave: (url) => popup.location.replace(url),
      close: () => popup.close(),
    }
  );
}
