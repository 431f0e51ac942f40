import { hostname } from 'node:os';
import type { NodeConfig } from '../config/node-options.js';

/** How this process is called in logs, metrics and commits: as configured, else `HOST-PID`. */
export function nodeNameOf({ nodeId }: Pick<NodeConfig, 'nodeId'>): string {
  if (nodeId !== null) return nodeId;
  const host = hostname()
    .split('.')[0]!
    .replaceAll(/[^A-Za-z0-9_-]/g, '-');
  return `${host.slice(0, 40) || 'node'}-${process.pid}`;
}
