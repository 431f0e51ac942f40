/** Bare `net`: answers the line that says what a client listens to, and keeps the socket. */
import { createServer, type Socket } from 'node:net';
import { Listeners, serve } from './serve.js';

const listeners = new Listeners<Socket>();
const server = createServer((socket) => {
  socket.on('data', (data: Buffer) => {
    listeners.add(data.toString('latin1', 1, data.length - 1), socket);
    socket.write('l\n');
  });
  socket.on('error', () => socket.destroy());
});
serve(server);
