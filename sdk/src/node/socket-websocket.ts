import { WebSocket } from 'ws';
import { MESSAGE_TOO_LONG, WEBSOCKET_PROTOCOLS, websocketUrl } from '../link/browser-socket.js';
import type { Socket } from '../link/socket.js';
import { LINGER_MS } from './socket-tcp.js';

/** A websocket in Node, `ws://` or `wss://`; `http` stands for `ws`. Throws if the URL is none of these. */
export function webSocket(url: string): Socket {
  const websocket = new WebSocket(websocketUrl(url), [...WEBSOCKET_PROTOCOLS], { perMessageDeflate: false });
  let problem = '';
  const socket: Socket = {
    send: (data) => {
      if (websocket.readyState === WebSocket.OPEN) websocket.send(data);
    },
    close: () => {
      websocket.close();
      setTimeout(() => websocket.terminate(), LINGER_MS).unref();
    },
    onOpen: null,
    onData: null,
    onClose: null,
  };
  websocket.on('open', () => socket.onOpen?.());
  websocket.on('message', (data) => socket.onData?.(data as Buffer));
  websocket.on('error', (error) => {
    problem = error.message;
  });
  websocket.once('close', (code, reason) =>
    socket.onClose?.(problem || String(reason) || `websocket closed (${code})`, code === MESSAGE_TOO_LONG),
  );
  return socket;
}
