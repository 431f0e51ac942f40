/** The network came or went, or somebody looks at the page again. */
export type Wake = 'online' | 'offline' | 'visible';

/** What a connection needs of the world around it, so that tests can stand in for it. */
export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** From 0 to less than 1. */
  random(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Calls the listener whenever trying again, or asking whether the line still holds, is worth it; the result ends that. */
  onWake(listener: (cause: Wake) => void): () => void;
  /** An error that an application's own callback threw. */
  report(error: unknown): void;
}

/** The real one, of a browser or anything like one. Where there are no window events nothing wakes. */
export function defaultEnvironment(): Environment {
  return {
    now: Date.now,
    random: Math.random,
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    onWake: listenForWaking,
    report: (error) => {
      if (typeof reportError === 'function') reportError(error);
      else
        queueMicrotask(() => {
          throw error;
        });
    },
  };
}

function listenForWaking(listener: (cause: Wake) => void): () => void {
  if (typeof addEventListener !== 'function') return () => {};
  const ended = new AbortController();
  const { signal } = ended;
  for (const cause of ['online', 'offline'] as const) addEventListener(cause, () => listener(cause), { signal });
  if (typeof document !== 'undefined') {
    const looked = (): void => {
      if (!document.hidden) listener('visible');
    };
    document.addEventListener('visibilitychange', looked, { signal });
  }
  return () => ended.abort();
}
