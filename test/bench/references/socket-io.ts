/** socket.io with rooms as paths, websocket only, heart-beats out of the way. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { serve } from './serve.js';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], pingInterval: 600_000, perMessageDeflate: false });
io.on('connection', (socket) => {
  socket.on('listen', async (path: string, done: () => void) => {
    await socket.join(path);
    done();
  });
  socket.on('publish', (path: string, body: unknown, done?: () => void) => {
    io.to(path).emit('message', body);
    done?.();
  });
});
serve(http);
