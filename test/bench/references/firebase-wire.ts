/**
 * As much of a Firebase server as its official client wants for listening to a list: `firebase-wire.ts BACKSIDE_PORT`. It listens to the list
 * of a Backside server itself and passes on what comes, event for event, so that clients of either see the same data change in the
 * same way at the same time. What is sent first is kept as text: making it costs the client nothing.
 */
import { createServer } from 'node:http';
import { createConnection, type ServerEvent } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import type { Json } from '@backside/tree';
import { type WebSocket, WebSocketServer } from 'ws';
import { serve } from './serve.js';

const LIST = 'items';

type Tree = { [key: string]: Json };

/** A request of the client: its number, what it asks for, and the path that it asks about. */
interface Request {
  readonly r: number;
  readonly a: string;
  readonly b: { readonly p?: string };
}

interface ClientMessage {
  readonly t: 'c' | 'd';
  readonly d: Request;
}

const clients = new Set<WebSocket>();
let list: Tree = {};
/** The push that a listen begins with; null once the list has changed since. */
let first: string | null = null;

const control = (kind: string, data: unknown): string => JSON.stringify({ t: 'c', d: { t: kind, d: data } });
const push = (action: 'd' | 'm', path: string, data: unknown): string =>
  JSON.stringify({ t: 'd', d: { a: action, b: { p: path, d: data } } });

/** Takes an event of the list over, and passes it on as it is. */
function take({ kind, path, body, snapshot }: ServerEvent): void {
  first = null;
  if (snapshot) {
    list = body as Tree;
    return;
  }
  const changes: readonly (readonly [string, Json])[] =
    kind === 'put' ? [['', body]] : Object.entries(body as { [relative: string]: Json });
  for (const [relative, value] of changes) {
    put([...path.slice(1), ...relative.split('/').filter((key) => key !== '')], value);
  }
  const message = push(kind === 'put' ? 'd' : 'm', path.join('/'), body);
  for (const client of clients) client.send(message);
}

function put(path: readonly string[], value: Json): void {
  let node = list;
  for (const key of path.slice(0, -1)) node = node[key] as Tree;
  node[path.at(-1)!] = value;
}

/** Handshakes come first, and unasked. */
function welcome(client: WebSocket): void {
  client.send(control('h', { ts: Date.now(), v: '5', h: `127.0.0.1:${portOf()}`, s: `session-${Math.random()}` }));
}

function answer(client: WebSocket, text: string): void {
  // A keep-alive.
  if (text === '0') return;
  const { t, d } = JSON.parse(text) as ClientMessage;
  if (t === 'c') {
    client.send(control('o', null));
    return;
  }
  if (d.a === 'q') {
    if (d.b.p !== `/${LIST}`) throw new Error(`only /${LIST} is served, not ${d.b.p}`);
    first ??= push('d', LIST, list);
    client.send(first);
    clients.add(client);
  }
  if (d.a === 'n') clients.delete(client);
  client.send(JSON.stringify({ t: 'd', d: { r: d.r, b: { s: 'ok', d: {} } } }));
}

function portOf(): number {
  return (http.address() as { port: number }).port;
}

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
server.on('connection', (client) => {
  client.on('message', (data: Buffer) => answer(client, data.toString('utf8')));
  client.on('close', () => clients.delete(client));
  welcome(client);
});
const source = createConnection(`ws://127.0.0.1:${process.argv[2]}/stomp`, { socket: nodeSocket });
let serving = false;
setTimeout(() => {
  if (!serving) throw new Error('the Backside server does not show its list');
}, 20_000);
source.listen(
  { path: [LIST], query: null },
  {
    event: (event) => {
      take(event);
      if (!serving) serve(http);
      serving = true;
    },
    refused: (error) => {
      throw error;
    },
    resumePoint: () => null,
  },
);
