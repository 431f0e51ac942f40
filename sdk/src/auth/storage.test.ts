import { describe, expect, it } from 'vitest';
import { type AuthStorage, asyncStorage, memoryStorage, webStorage } from './storage.js';

/** A `Storage` of the browser, as far as its contract is used. */
function browserStorage(): Storage {
  const values = new Map<string, string>();
  const storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
  return storage as Storage;
}

function reactNativeStorage(): AuthStorage {
  const values = browserStorage();
  return asyncStorage({
    getItem: async (key) => values.getItem(key),
    setItem: async (key, value) => values.setItem(key, value),
    removeItem: async (key) => values.removeItem(key),
  });
}

describe.each([
  ['memory', memoryStorage],
  ['a browser', () => webStorage(browserStorage())],
  ['an asynchronous store', reactNativeStorage],
])('the storage of %s', (_name, create) => {
  it('gives back what was set, until it is removed', async () => {
    const storage = create();
    expect(await storage.get('key')).toBeNull();
    await storage.set('key', 'one');
    await storage.set('key', 'two');
    await storage.set('other', 'three');
    expect(await storage.get('key')).toBe('two');
    await storage.remove('key');
    expect([await storage.get('key'), await storage.get('other')]).toEqual([null, 'three']);
  });
});
