import type { Socket } from './socket.js';

/** The protocol that a websocket of Backside speaks. */
export const WEBSOCKET_PROTOCOLS: readonly string[] = ['v12.stomp'];

/** The code with which a websocket closes that has got a longer message than it takes. */
export const MESSAGE_TOO_LONG = 1009;

/** Opens a websocket with what the browser (or React Native) has. Throws TypeError where there is nothing of the kind. */
export function browserSocket(url: string): Socket {
  if (typeof WebSocket !== 'function') {
    throw new TypeError('no WebSocket here: pass `socket`, in Node that of @backside/sdk/node');
  }
  const websocket = new WebSocket(websocketUrl(url), [...WEBSOCKET_PROTOCOLS]);
  const socket: Socket = {
    send: (data) => {
      if (websocket.readyState === WebSocket.OPEN) websocket.send(data as Uint8Array<ArrayBuffer> | string);
    },
    close: () => websocket.close(),
    onOpen: null,
    onData: null,
    onClose: null,
  };
  websocket.binaryType = 'arraybuffer';
  websocket.onopen = () => socket.onOpen?.();
  websocket.onmessage = ({ data }) =>
    socket.onData?.(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
  websocket.onclose = ({ code, reason }) =>
    socket.onClose?.(reason || `websocket closed (${code})`, code === MESSAGE_TOO_LONG);
  return socket;
}

/** `http` means `ws`, and a URL without a path `/stomp`. Throws TypeError if it is none. */
export function websocketUrl(url: string): string {
  const parsed = new URL(url.replace(/^http/, 'ws'));
  if (parsed.pathname === '/') parsed.pathname = '/stomp';
  return parsed.href;
}
