import { createServer } from 'node:net';
import type { ServerConfig } from '../config/server-options.js';
import { listen } from './listening.js';

/** Ports that were chosen at the start stay as they are. */
export function keepPorts(config: ServerConfig, { port, tcpPort }: ServerConfig): ServerConfig {
  return { ...config, port: config.port || port, tcpPort: config.tcpPort || tcpPort };
}

/** Chooses free ports where any will do, so that all workers, also later ones, listen on the same. */
export async function settlePorts(config: ServerConfig): Promise<ServerConfig> {
  const port = await settlePort(config.host, config.port);
  const tcpPort = await settlePort(config.host, config.tcpPort);
  return { ...config, port, tcpPort };
}

async function settlePort(host: string, port: number): Promise<number> {
  if (port !== 0) return port;
  const server = createServer();
  const settled = await listen(server, { host, port, option: 'port' });
  await new Promise((resolve) => server.close(resolve));
  return settled;
}
