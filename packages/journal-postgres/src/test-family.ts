import { readdirSync, readFileSync } from 'node:fs';

interface Freezable {
  readonly port: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

/**
 * For tests: the same server, of which all processes are frozen, and not only the one that takes connections: PostgreSQL puts those that
 * serve them into process groups of their own. Needs /proc.
 */
export function wholly(server: Freezable): Freezable {
  return {
    port: server.port,
    kill: () => server.kill(),
    restart: () => server.restart(),
    freeze() {
      server.freeze();
      for (const pid of childrenOf(server.port)) process.kill(pid, 'SIGSTOP');
    },
    thaw() {
      for (const pid of childrenOf(server.port)) process.kill(pid, 'SIGCONT');
      server.thaw();
    },
  };
}

/** The processes that the server on a port has started. */
function childrenOf(port: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const server = pids.find((pid) => read(pid, 'cmdline').includes(`\0-p\0${port}\0`));
  if (server === undefined) return [];
  return read(server, `task/${server}/children`).trim().split(/\s+/).filter(Boolean).map(Number);
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // it has ended
  }
}
