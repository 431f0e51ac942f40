export { type FileOptions, file } from './file-store.js';
export { nodeSocket } from './socket.js';
export { tcp } from './socket-tcp.js';
export { webSocket } from './socket-websocket.js';
