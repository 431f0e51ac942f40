import { connect as connectTcp, type Socket as NetSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Socket } from '../link/socket.js';

const DEFAULT_PORT = 5001;
/** How long a closed socket may take to send what waits, in milliseconds: the peer may be gone. */
export const LINGER_MS = 1_000;

/** A plain TCP connection, `stomp://host:port`, or one over TLS, `stomps://host:port`. The port is 5001 if left out. */
export function tcp(url: string): Socket {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'stomp:' && protocol !== 'stomps:') throw new TypeError(`${url} is not stomp:// or stomps://`);
  const address = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? DEFAULT_PORT : Number(port) };
  const secure = protocol === 'stomps:';
  const stream = secure ? connectTls({ ...address, servername: address.host }) : connectTcp(address);
  return socketOf(stream, secure ? 'secureConnect' : 'connect');
}

function socketOf(stream: NetSocket, opened: 'connect' | 'secureConnect'): Socket {
  let reason = 'the server closed the connection';
  const socket: Socket = {
    send: (data) => void (stream.writable && stream.write(data)),
    close: () => {
      stream.end();
      setTimeout(() => stream.destroy(), LINGER_MS).unref();
    },
    onOpen: null,
    onData: null,
    onClose: null,
  };
  stream.setNoDelay(true);
  stream.once(opened, () => socket.onOpen?.());
  stream.on('data', (chunk) => socket.onData?.(chunk));
  stream.on('error', (error) => {
    reason = error.message;
  });
  stream.once('close', () => socket.onClose?.(reason));
  return socket;
}
