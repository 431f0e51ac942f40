// Listens to a path with @stomp/stompjs over a websocket: node listen-stompjs.js [ws://127.0.0.1:5000/stomp] [/users/bob]
import { Client } from '@stomp/stompjs';
import { WebSocket } from 'ws';
import { runIfMain } from './run-if-main.js';

// Node 20 has no WebSocket of its own, and stompjs looks for a global one.
Object.assign(globalThis, { WebSocket });

/**
 * Calls `onValue` with the state at `path` now, and again after every change. Resolves with a function that ends it.
 *
 * The first MESSAGE is the whole state. A later one is an event: `put` replaces the value at its destination, `patch`
 * replaces each relative path in its body. Keeping the state is a matter of writing those values into it.
 */
export async function listen(url, path, onValue) {
  const client = new Client({ brokerURL: url, reconnectDelay: 0 });
  await new Promise((resolve, reject) => {
    client.onConnect = resolve;
    client.onWebSocketError = () => reject(new Error(`no server at ${url}`));
    client.onStompError = ({ headers, body }) => reject(new Error(`${headers.message}: ${body}`));
    client.activate();
  });
  let state = null;
  client.subscribe(path, ({ headers, body }) => {
    const below = keysOf(headers.destination).slice(keysOf(path).length);
    const value = JSON.parse(body);
    if (headers.event === 'patch') {
      for (const [relative, child] of Object.entries(value))
        state = withValue(state, [...below, ...keysOf(relative)], child);
    } else {
      state = withValue(state, below, value);
    }
    onValue(state);
  });
  return () => client.deactivate();
}

function keysOf(path) {
  return path.split('/').filter((key) => key !== '');
}

/** The state with another value at `keys`; null takes it away. */
function withValue(state, keys, value) {
  if (keys.length === 0) return value;
  const [key, ...rest] = keys;
  const copy = { ...state, [key]: withValue(state?.[key] ?? null, rest, value) };
  if (copy[key] === null) delete copy[key];
  return Object.keys(copy).length === 0 ? null : copy;
}

runIfMain(import.meta.url, async (url = 'ws://127.0.0.1:5000/stomp', path = '/users/bob') => {
  await listen(url, path, (value) => console.log(path, JSON.stringify(value)));
});
