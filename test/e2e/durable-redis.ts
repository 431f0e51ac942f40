import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../harness/free-ports.js';
import { type OwnService, startService } from '../services/index.js';
import { findCommand, PROGRAMS } from '../services/programs.js';
import { ServerProcess } from '../services/server-process.js';

/** A Redis of a test's own that loses nothing that it has acknowledged. Null, or an error, as for `startService`. */
export async function startDurableRedis(): Promise<Pick<OwnService, 'url' | 'kill' | 'restart' | 'stop'> | null> {
  const command = await findCommand(PROGRAMS.redis.commands);
  // It says why there is none.
  if (command === null) return startService('redis');
  const [port] = (await freePorts(1)) as [number];
  const folder = await mkdtemp(join(tmpdir(), 'backside-durable-redis-'));
  const flags = { port: `${port}`, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync: 'always' };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  let server: ServerProcess;
  const restart = (): Promise<void> => {
    server = new ServerProcess({ command, args });
    return server.ready(port, () => isLoaded(port));
  };
  await restart();
  return {
    url: PROGRAMS.redis.url(port),
    restart,
    kill: () => server.kill(),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whether it has read its data and answers. */
function isLoaded(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (loaded: boolean): void => {
      socket.destroy();
      resolve(loaded);
    };
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')));
    socket.once('error', () => end(false));
    socket.setTimeout(2_000, () => end(false));
  });
}
