import { BacksideError, ERRORS, type ErrorCode } from '@backside/protocol';
import type { Page, PopupWindow } from './page.js';
import { randomText } from './session-keeper.js';

/** What a browser brings back from a provider, in the fragment of its address. */
interface Result {
  readonly state: string;
  readonly refresh_token?: string;
  readonly challenge?: string;
  readonly linked?: string;
  readonly error?: string;
}

/** What the application does with it. */
export type Proof = { readonly refreshToken: string } | { readonly challenge: string } | { readonly linked: true };

/** Where to send the browser, which is to come back to `returnTo` with this state. */
export type Departure = (comingBack: { readonly returnTo: string; readonly state: string }) => Promise<string>;

const FIELDS = ['state', 'refresh_token', 'challenge', 'error', 'linked'] as const;
const MEMORY_KEY = 'backside:sign-in';
const POPUP = 'popup-';
const CLOSED_CHECK_MS = 500;
/** After a popup has closed, what it told may still be under way. */
const LAST_WORDS_MS = 1_000;

/** A trip to an OpenID Connect provider and back. A `state` of its own keeps others from signing the user in to their account. */
export class ProviderSignIn {
  readonly #page: () => Page;

  constructor(page: () => Page) {
    this.#page = page;
  }

  /** Leaves for the provider. */
  async redirect(departure: Departure, returnTo: string | undefined): Promise<void> {
    const page = this.#page();
    const state = randomText(16);
    const url = await departure({ returnTo: returnTo ?? withoutFragment(page.href), state });
    page.memory.setItem(MEMORY_KEY, state);
    page.leave(url);
  }

  /** Opens a window for the provider; resolves with what comes back from there. */
  async popup(departure: Departure, returnTo: string | undefined): Promise<Proof> {
    const page = this.#page();
    const state = POPUP + randomText(16);
    // Before anything is waited for: browsers let windows open during a click, and not after it.
    const popup = page.open();
    if (popup === null) throw new BacksideError('permission-denied', 'the browser did not let the window open');
    try {
      popup.leave(await departure({ returnTo: returnTo ?? withoutFragment(page.href), state }));
      return proofOf(await resultOf(page, popup, state));
    } finally {
      popup.close();
    }
  }

  /** Takes what the browser has brought back out of the address of this page; null if it has nothing, or if this is a popup. */
  complete(): Proof | null {
    const page = this.#page();
    const result = takeResult(page);
    if (result === null) return null;
    if (page.isPopup && result.state.startsWith(POPUP)) {
      page.tellOpener({ backsideSignIn: result });
      page.close();
      return null;
    }
    const expected = page.memory.getItem(MEMORY_KEY);
    page.memory.removeItem(MEMORY_KEY);
    if (result.state !== expected) throw new BacksideError('unauthenticated', 'this sign-in was not begun here');
    return proofOf(result);
  }
}

function resultOf(page: Page, popup: PopupWindow, state: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearInterval(timer);
      unlisten();
    };
    const unlisten = page.onPopupMessage((message) => {
      const result = (Object(message) as { backsideSignIn?: Result }).backsideSignIn;
      if (result?.state !== state) return;
      end();
      resolve(result);
    });
    const timer = setInterval(() => {
      if (!popup.closed) return;
      clearInterval(timer);
      setTimeout(() => {
        end();
        reject(new BacksideError('timeout', 'the window was closed before anybody had signed in'));
      }, LAST_WORDS_MS);
    }, CLOSED_CHECK_MS);
  });
}

function proofOf({ refresh_token: refreshToken, challenge, linked, error }: Result): Proof {
  if (refreshToken !== undefined) return { refreshToken };
  if (challenge !== undefined) return { challenge };
  if (linked !== undefined) return { linked: true };
  if (error !== undefined && Object.hasOwn(ERRORS, error)) throw new BacksideError(error as ErrorCode);
  throw new BacksideError('unauthenticated', error === undefined ? undefined : `the provider says: ${error}`);
}

/** The result in the fragment of the page's address, which keeps whatever else the application has there. */
function takeResult(page: Page): Result | null {
  const [address, fragment = ''] = splitAt(page.href, '#');
  const pieces = fragment.split('&');
  const isField = (piece: string): boolean => FIELDS.some((field) => piece.startsWith(`${field}=`));
  const fields = Object.fromEntries(new URLSearchParams(pieces.filter(isField).join('&')));
  const { state, refresh_token, challenge, linked, error } = fields;
  if (state === undefined || (refresh_token ?? challenge ?? linked ?? error) === undefined) return null;
  const rest = pieces.filter((piece) => !isField(piece)).join('&');
  page.rename(rest === '' ? address : `${address}#${rest}`);
  return fields as unknown as Result;
}

function withoutFragment(href: string): string {
  return splitAt(href, '#')[0];
}

function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
