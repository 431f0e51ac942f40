import type { Server } from 'node:net';

/** Listens on a free port of the loopback and prints it in the line that the benchmark waits for. */
export function serve(server: Server): void {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the reference has no port');
    console.log(`ready ${address.port}`);
  });
}

/** Who listens to which path. */
export class Listeners<Member> {
  readonly #byPath: Map<string, Member[]> = new Map();

  add(path: string, member: Member): void {
    const members = this.#byPath.get(path);
    if (members) members.push(member);
    else this.#byPath.set(path, [member]);
  }

  of(path: string): readonly Member[] {
    return this.#byPath.get(path) ?? [];
  }
}

/** One message of the bare protocol: a letter, a path and a line end, then the body. */
export interface BareMessage {
  readonly kind: string;
  readonly path: string;
  readonly body: Buffer;
}

export function readBareMessage(data: Buffer): BareMessage {
  const lineEnd = data.indexOf(10);
  return {
    kind: String.fromCharCode(data[0]!),
    path: data.toString('latin1', 1, lineEnd),
    body: data.subarray(lineEnd + 1),
  };
}

/** A websocket text frame as a server sends it, for payloads of less than 64 KiB. */
export function serverFrame(payload: Buffer): Buffer {
  const short = payload.length < 126;
  const head = Buffer.alloc(short ? 2 : 4);
  head[0] = 0x81;
  if (short) {
    head[1] = payload.length;
  } else {
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}
