import { describe, expect, it } from 'vitest';
import type { Page } from './page.js';
import { type Departure, ProviderSignIn } from './provider-sign-in.js';

/** What a browser would do, written down. Real ones are in the browser tests. */
class WrittenPage implements Page {
  href: string;
  isPopup = false;
  readonly left: URL[] = [];
  readonly told: unknown[] = [];
  closed = false;
  readonly #memory = new Map<string, string>();

  constructor(href: string) {
    this.href = href;
  }

  readonly memory = {
    getItem: (key: string): string | null => this.#memory.get(key) ?? null,
    setItem: (key: string, value: string): void => void this.#memory.set(key, value),
    removeItem: (key: string): void => void this.#memory.delete(key),
  };

  leave(url: string): void {
    this.left.push(new URL(url));
  }

  rename(url: string): void {
    this.href = url;
  }

  open(): null {
    return null;
  }

  tellOpener(message: unknown): void {
    this.told.push(message);
  }

  onPopupMessage(): () => void {
    return () => {};
  }

  close(): void {
    this.closed = true;
  }
}

function openAt(href: string): { page: WrittenPage; signIn: ProviderSignIn } {
  const page = new WrittenPage(href);
  return { page, signIn: new ProviderSignIn(() => page) };
}

const toServer: Departure = async (comingBack) => `https://data.example.com/?${new URLSearchParams(comingBack)}`;

/** Goes to the provider and comes back to `address` with these fields. */
async function roundTrip(fields: string, before = ''): Promise<ReturnType<typeof openAt>> {
  const opened = openAt('https://app.example.com/page?tab=2#old');
  await opened.signIn.redirect(toServer, undefined);
  const [gone] = opened.page.left;
  const returnTo = gone!.searchParams.get('returnTo')!;
  opened.page.href = `${returnTo}#${before}${fields}&state=${gone!.searchParams.get('state')}`;
  return opened;
}

describe('signing in through a provider', () => {
  it('leads to the server, which is told where to come back to', async () => {
    const { page } = await roundTrip('refresh_token=r');
    const [gone] = page.left;
    expect(gone!.origin).toBe('https://data.example.com');
    expect(gone!.searchParams.get('returnTo')).toBe('https://app.example.com/page?tab=2');
    expect(gone!.searchParams.get('state')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('takes the result out of the address and leaves what else the application keeps there', async () => {
    const { page, signIn } = await roundTrip('refresh_token=a%2Bb', '/own/path&own=1&');
    expect(signIn.complete()).toEqual({ refreshToken: 'a+b' });
    expect(page.href).toBe('https://app.example.com/page?tab=2#/own/path&own=1');
    expect(signIn.complete()).toBeNull();
  });

  it('may want a second factor', async () => {
    expect((await roundTrip('challenge=c')).signIn.complete()).toEqual({ challenge: 'c' });
  });

  it('may have linked what is there to the account', async () => {
    expect((await roundTrip('linked=true')).signIn.complete()).toEqual({ linked: true });
  });

  it('says what the provider refused', async () => {
    const { signIn } = await roundTrip('error=access_denied');
    expect(() => signIn.complete()).toThrow(/access_denied/);
  });

  it('says what the server refused', async () => {
    const { signIn } = await roundTrip('error=permission-denied');
    expect(() => signIn.complete()).toThrow(expect.objectContaining({ code: 'permission-denied' }));
  });

  it('is refused with the state of another page, and then with the right one as well', async () => {
    const { page, signIn } = await roundTrip('refresh_token=r');
    const good = page.href;
    page.href = good.replace(/state=.*/, 'state=guessed');
    expect(() => signIn.complete()).toThrow(/not begun here/);
    page.href = good;
    expect(() => signIn.complete()).toThrow(/not begun here/);
  });

  it.each(['', '#', '#section', '#state=x', '#refresh_token=r'])(
    'has not happened where the address ends in %j',
    (end) => {
      const { page, signIn } = openAt(`https://app.example.com/${end}`);
      expect(signIn.complete()).toBeNull();
      expect(page.href).toBe(`https://app.example.com/${end}`);
    },
  );

  it('in a popup is told to the page that opened it', async () => {
    const { page, signIn } = openAt('https://app.example.com/#refresh_token=r&state=popup-1');
    page.isPopup = true;
    expect(signIn.complete()).toBeNull();
    expect(page.told).toEqual([{ backsideSignIn: { refresh_token: 'r', state: 'popup-1' } }]);
    expect(page.closed).toBe(true);
  });

  it('in a popup is refused where the browser does not let it open', async () => {
    const { signIn } = openAt('https://app.example.com/');
    await expect(signIn.popup(toServer, undefined)).rejects.toMatchObject({ code: 'permission-denied' });
  });
});
