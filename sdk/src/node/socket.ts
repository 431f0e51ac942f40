import type { Socket } from '../link/socket.js';
import { tcp } from './socket-tcp.js';
import { webSocket } from './socket-websocket.js';

/** The socket that the URL asks for: `ws://`, `wss://`, `http://`, `https://`, `stomp://` or `stomps://`. */
export function nodeSocket(url: string): Socket {
  return url.startsWith('stomp') ? tcp(url) : webSocket(url);
}
