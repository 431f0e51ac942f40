import { LoadConnection } from '../harness/load-client.js';

/** How far an acknowledged write must have come; a reference knows one level only. */
export type Level = 'applied' | 'durable';

/** What the load scenarios need to say to a server, whatever it speaks. */
export interface Dialect {
  /** A connection with its session established. */
  open(port: number): Promise<LoadConnection>;
  /** Resolves once every later publish to `path` arrives as one message. */
  listen(connection: LoadConnection, path: string): Promise<void>;
  /** A publish that is not answered. */
  publish(path: string, body: string): string;
  /** A publish that is answered with one message. */
  write(path: string, body: string, level: Level): string;
}

export type DialectName = 'backside-ws' | 'backside-tcp' | 'ws' | 'net' | 'socket.io' | 'nats';

const endsWithNul = (text: string): boolean => text.includes('\0');

async function openStomp(connection: LoadConnection): Promise<LoadConnection> {
  const answer = await connection.ask('CONNECT\naccept-version:1.2\nhost:localhost\nheart-beat:0,0\n\n\0', endsWithNul);
  if (!answer.startsWith('CONNECTED')) throw new Error(`the server refused the session: ${answer}`);
  return connection;
}

const stomp: Omit<Dialect, 'open'> = {
  async listen(connection, path) {
    const answer = await connection.ask(`SUBSCRIBE\nid:0\ndestination:${path}\n\n\0`, endsWithNul);
    if (!answer.trimStart().startsWith('MESSAGE')) throw new Error(`the server refused the subscription: ${answer}`);
  },
  publish: (path, body) => `SEND\ndestination:${path}\ncontent-length:${Buffer.byteLength(body)}\n\n${body}\0`,
  write: (path, body, level) =>
    `SEND\ndestination:${path}\nreceipt:w\nack-level:${level}\ncontent-length:${Buffer.byteLength(body)}\n\n${body}\0`,
};

/** What the bare references speak: a letter, a path and a line end, then the body. */
const bare: Omit<Dialect, 'open'> = {
  async listen(connection, path) {
    await connection.ask(`L${path}\n`, (text) => text.startsWith('l'));
  },
  publish: (path, body) => `P${path}\n${body}`,
  write: (path, body) => `W${path}\n${body}`,
};

const DIALECTS: Record<DialectName, Dialect> = {
  'backside-ws': {
    ...stomp,
    open: async (port) =>
      openStomp(await LoadConnection.open({ port, wire: 'nul', websocket: { path: '/stomp', protocol: 'v12.stomp' } })),
  },
  'backside-tcp': { ...stomp, open: async (port) => openStomp(await LoadConnection.open({ port, wire: 'nul' })) },
  ws: { ...bare, open: (port) => LoadConnection.open({ port, wire: 'frame', websocket: { path: '/' } }) },
  net: { ...bare, open: (port) => LoadConnection.open({ port, wire: 'line' }) },
  'socket.io': {
    async open(port) {
      const path = '/socket.io/?EIO=4&transport=websocket';
      const connection = await LoadConnection.open({ port, wire: 'frame', websocket: { path } });
      await connection.ask('40', (text) => text.includes('40{'));
      return connection;
    },
    async listen(connection, path) {
      await connection.ask(`420["listen",${JSON.stringify(path)}]`, (text) => text.startsWith('430'));
    },
    publish: (path, body) => `42["publish",${JSON.stringify(path)},${body}]`,
    write: (path, body) => `421["publish",${JSON.stringify(path)},${body}]`,
  },
  nats: {
    async open(port) {
      const connection = await LoadConnection.open({ port, wire: 'nats' });
      await connection.ask('CONNECT {"verbose":false}\r\nPING\r\n', (text) => text.includes('PONG'));
      return connection;
    },
    async listen(connection, path) {
      await connection.ask(`SUB ${path} 1\r\nPING\r\n`, (text) => text.includes('PONG'));
    },
    publish: (path, body) => `PUB ${path} ${Buffer.byteLength(body)}\r\n${body}\r\n`,
    write: () => {
      throw new Error('a core NATS publish is not acknowledged');
    },
  },
};

export function dialectOf(name: DialectName): Dialect {
  return DIALECTS[name];
}
