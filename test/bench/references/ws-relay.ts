/** Bare `ws`, used as its manual shows: a write goes to the listeners of its path and is acknowledged. Also holds idle clients. */
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { Listeners, readBareMessage, serve } from './serve.js';

const listeners = new Listeners<WebSocket>();
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
server.on('connection', (client) => {
  client.on('message', (data: Buffer) => {
    const message = readBareMessage(data);
    if (message.kind === 'L') {
      listeners.add(message.path, client);
      client.send('l');
      return;
    }
    for (const listener of listeners.of(message.path)) listener.send(message.body, { binary: false });
    client.send('a');
  });
});
serve(http);
