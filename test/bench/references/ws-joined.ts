/** Bare `ws` at its best for fan-out: each message encoded once, and what a socket is owed joined into one write per tick. */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Listeners, readBareMessage, serve, serverFrame } from './serve.js';

interface Peer {
  readonly socket: Duplex;
  readonly pending: Buffer[];
}

const listeners = new Listeners<Peer>();
const dirty: Peer[] = [];

function flush(): void {
  for (const peer of dirty) {
    const { pending } = peer;
    peer.socket.write(pending.length === 1 ? pending[0]! : Buffer.concat(pending));
    pending.length = 0;
  }
  dirty.length = 0;
}

function owe(peer: Peer, frame: Buffer): void {
  if (peer.pending.length === 0) {
    if (dirty.length === 0) setImmediate(flush);
    dirty.push(peer);
  }
  peer.pending.push(frame);
}

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
server.on('connection', (client, request) => {
  const peer: Peer = { socket: request.socket, pending: [] };
  client.on('message', (data: Buffer) => {
    const message = readBareMessage(data);
    if (message.kind === 'L') {
      listeners.add(message.path, peer);
      client.send('l');
      return;
    }
    const frame = serverFrame(message.body);
    for (const listener of listeners.of(message.path)) owe(listener, frame);
  });
});
serve(http);
