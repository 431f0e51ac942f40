import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import type { ServerUrl } from './server-url.js';

/** The receiving side of a connection. */
export interface WireListener {
  bytes(chunk: Uint8Array): void;
  /** Called once, when an opened connection has ended; null if nothing went wrong. */
  closed(error: Error | null): void;
}

/** Bytes both ways. */
export interface Wire {
  send(bytes: Uint8Array): void;
  /** Sends what waits, then closes. */
  close(): void;
}

/** Connects; rejects if that fails. The listener is called from then on. */
export function openWire(url: ServerUrl, listener: WireListener): Promise<Wire> {
  return url.transport === 'tcp' ? openSocket(url, listener) : openWebSocket(url, listener);
}

function openSocket(url: ServerUrl, listener: WireListener): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const { host, port } = url;
    const named = isIP(host) === 0 ? { servername: host } : {}; // TLS knows no addresses there
    const socket: Socket = url.secure ? connectTls({ host, port, ...named }) : connectTcp({ host, port });
    let failure: Error | null = null;
    socket.setNoDelay(true);
    socket.once(url.secure ? 'secureConnect' : 'connect', () => {
      resolve({ send: (bytes) => socket.write(bytes), close: () => socket.end() });
    });
    socket.on('data', (chunk) => listener.bytes(chunk));
    socket.on('error', (error) => {
      failure = error;
      reject(error);
    });
    socket.on('close', () => listener.closed(failure));
  });
}

function openWebSocket(url: ServerUrl, listener: WireListener): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.href, ['v12.stomp'], { perMessageDeflate: false });
    let failure: Error | null = null;
    socket.binaryType = 'nodebuffer';
    socket.on('open', () => resolve({ send: (bytes) => socket.send(bytes), close: () => socket.close() }));
    socket.on('message', (data: Buffer) => listener.bytes(data));
    socket.on('error', (error) => {
      failure = error;
      reject(error);
    });
    socket.on('close', () => listener.closed(failure));
  });
}
