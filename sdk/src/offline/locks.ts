/** Locks between the pages of one origin. A page that ends, however that comes, lets go of what it holds. */
export interface Locks {
  /**
   * Waits until nobody else holds the name, then holds it until the returned function is called. Rejects with the signal's
   * reason if that aborts while it waits.
   */
  hold(name: string, signal?: AbortSignal): Promise<() => void>;
  /** The names that some page holds at the moment, this one included. */
  held(): Promise<ReadonlySet<string>>;
}

/** The Web Locks of the browser; null where there are none, as on pages without a secure context. */
export function webLocks(): Locks | null {
  const manager = globalThis.navigator?.locks;
  if (manager === undefined) return null;
  return {
    hold: (name, signal) => holdIn(manager, name, signal),
    held: async () => new Set((await manager.query()).held?.flatMap(({ name }) => name ?? [])),
  };
}

function holdIn(manager: LockManager, name: string, signal?: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const whileHeld = (): Promise<void> => new Promise((release) => resolve(release));
    manager.request(name, signal ? { signal } : {}, whileHeld).catch(reject);
  });
}

/** Runs the task while nobody else holds the name. */
export async function whileHolding<T>(locks: Locks, name: string, task: () => Promise<T>): Promise<T> {
  const release = await locks.hold(name);
  try {
    return await task();
  } finally {
    release();
  }
}
