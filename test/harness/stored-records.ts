import type { Page } from 'playwright-core';

/** What the SDK has in the storage of the page under keys with a prefix: `w/` for writes that wait, `l/` for what was listened to. */
export function storedRecords(page: Page, prefix: string): Promise<string[]> {
  return page.evaluate(async (first) => {
    const all: string[] = [];
    const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const database = await resultOf(indexedDB.open(name!));
      const store = database.transaction('records').objectStore('records');
      all.push(...(await resultOf(store.getAll(IDBKeyRange.bound(first, `${first}\uffff`)))));
      database.close();
    }
    return all;
  }, prefix);
}
