/** Bare `ws`: each message encoded once and written to each socket by itself. */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Listeners, readBareMessage, serve, serverFrame } from './serve.js';

const listeners = new Listeners<Duplex>();
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
server.on('connection', (client, request) => {
  client.on('message', (data: Buffer) => {
    const message = readBareMessage(data);
    if (message.kind === 'L') {
      listeners.add(message.path, request.socket);
      client.send('l');
      return;
    }
    const frame = serverFrame(message.body);
    for (const socket of listeners.of(message.path)) socket.write(frame);
  });
});
serve(http);
