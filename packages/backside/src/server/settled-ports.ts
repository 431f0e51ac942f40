import { createServer } from 'node:net';
import type { ServerConfig } from '../config/server-options.js';
import { listen } from './listening.js';

/** Ports that were chosen at the start stay as they are. */
export function keepPorts(config: ServerConfig, { port, tcpPort }: ServerConfig): ServerConfig {
  return { ...config, port: config.port || port, tcpPort: config.tcpPort || tcpPort };
}

/** Chooses free ports where any will do, so that all workers, also later ones, listen on the same. */
export async function settlePorts(config: ServerConfig): Promise<ServerConfig> {
  const port = config.port || (await freePort(config.host));
  let tcpPort = config.tcpPort;
  while (tcpPort === 0) {
    const free = await freePort(config.host);
    if (free !== port) tcpPort = free;
  }
  return { ...config, port, tcpPort };
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  const port = await listen(server, { host, port: 0, option: 'port' });
  await new Promise((resolve) => server.close(resolve));
  return port;
}
