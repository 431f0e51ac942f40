import type { ReactClient } from './react-client.js';

/**
 * Begins a listen, and begins it again when the server had ended it and then takes the client for somebody else: a component that
 * was mounted before its user had signed in gets what it may see after that. `begin` gets what to call when the listen was
 * refused. Returns how to stop.
 */
export function listenAgain(client: ReactClient, begin: (refused: () => void) => () => void): () => void {
  let isRefused = false;
  const start = (): (() => void) => {
    isRefused = false;
    return begin(() => {
      isRefused = true;
    });
  };
  let stop = start();
  const unwatch = client.connection.onUser(() => {
    if (!isRefused) return;
    stop();
    stop = start();
  });
  return () => {
    unwatch();
    stop();
  };
}
