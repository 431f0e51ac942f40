/** What takes turns: everything that works on one key of one storage. */
export interface Place {
  readonly storage: object;
  readonly name: string;
}

/** One at a time: among all tabs of the origin where there are Web Locks, else among all in this process. */
export async function inTurn<Result>(place: Place, work: () => Promise<Result>): Promise<Result> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks !== undefined) return (await locks.request(place.name, work)) as Result;
  const queues = inProcess.get(place.storage) ?? new Map<string, Promise<void>>();
  inProcess.set(place.storage, queues);
  const result = (queues.get(place.name) ?? Promise.resolve()).then(work);
  const settled = result.then(
    () => {},
    () => {},
  );
  queues.set(place.name, settled);
  return result;
}

/** When the last one of each name will be done. */
const inProcess = new WeakMap<object, Map<string, Promise<void>>>();
