import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line to a server whose answers can be lost while what is asked still arrives. */
export interface TestRelay {
  readonly url: string;
  /** While set, answers are kept from the client. */
  deaf: boolean;
  /** How many answers were kept. */
  readonly lost: number;
  /** Resets all connections. */
  cut(): void;
  stop(): Promise<void>;
}

/** A member of a replica set tells where the others are, which would lead past the line. */
export function urlThrough(port: number): string {
  return `mongodb://127.0.0.1:${port}/?directConnection=true`;
}

export async function startRelay(targetPort: number): Promise<TestRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (chunk) => target.write(chunk));
    target.on('data', (chunk) => {
      if (relay.deaf) relay.lost += 1;
      else client.write(chunk);
    });
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async (): Promise<void> => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  };
  const relay = { url: '', deaf: false, lost: 0, cut, stop };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay.url = urlThrough((server.address() as AddressInfo).port);
  return relay;
}
