/** Begins something that settles at most once by calling one of the two. Returns how to stop it. */
type Begin<Value> = (resolve: (value: Value) => void, reject: (reason: unknown) => void) => () => void;

/**
 * A promise of what `begin` comes to, which is stopped then. Rejects with the signal's reason if that aborts first. Nothing may be
 * settled while `begin` runs.
 */
export function abortable<Value>(signal: AbortSignal | undefined, begin: Begin<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = (): void => {
      signal?.removeEventListener('abort', abort);
      stop();
    };
    const fail = (reason: unknown): void => {
      end();
      reject(reason);
    };
    const abort = (): void => fail(signal?.reason);
    const stop = begin((value) => {
      end();
      resolve(value);
    }, fail);
    signal?.addEventListener('abort', abort);
  });
}
