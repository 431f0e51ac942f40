import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';

/** From so many names and values on Node may have left some out, and what they said of the body is not known. */
const MAX_RAW_HEADERS = 2_000;

/** Whether a websocket is asked for, the one protocol that connections here change to. */
export function asksForWebsocket({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? '').split(',').some((protocol) => protocol.trim().toLowerCase() === 'websocket');
}

/** A request to change to a protocol that is not spoken here, with the connection as Node leaves it to who would speak it. */
export interface ForeignUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came after the head of the request. */
  readonly head: Buffer;
  /** The last of the answers under way on the connection. */
  readonly before: ServerResponse | undefined;
}

/**
 * Has the request answered as if it had asked for no other protocol (RFC 9110, section 7.8): the server gets the connection back, and
 * reads the request again without that wish. So its body, the limits and the requests after it are what they are for all others.
 */
export function ignoreUpgrade(web: HttpServer, { request, socket, head, before }: ForeignUpgrade): void {
  const cut = (): void => void socket.destroy();
  if (request.rawHeaders.length >= MAX_RAW_HEADERS) {
    cut();
    return;
  }
  // At once, so that it comes before what the client sends meanwhile, also before its end.
  socket.unshift(Buffer.concat([headWithoutUpgrade(request), head]));
  if (before === undefined) {
    giveBack(web, request.socket);
    return;
  }
  // Two readers of one connection would mix up whose turn it is to answer.
  socket.on('error', cut).on('timeout', cut);
  before.once('close', () => {
    if (!socket.writable) return;
    socket.off('error', cut).off('timeout', cut);
    giveBack(web, request.socket);
  });
}

function giveBack(web: HttpServer, socket: Socket): void {
  // Node listens to these two again; and the time that is set may be that of an idle connection.
  socket.removeAllListeners('resume').removeAllListeners('pause').setTimeout(0);
  web.emit(web instanceof TlsServer ? 'secureConnection' : 'connection', socket);
}

/** As it came, octet by octet, but for the one header. */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
