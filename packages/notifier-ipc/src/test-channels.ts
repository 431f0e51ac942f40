import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import type { Channel } from './channel.js';

const LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** A channel over one end of a `MessageChannel`. */
export function portChannel(port: MessagePort): Channel {
  return {
    send: (message) => port.postMessage(message),
    onMessage(handler) {
      port.on('message', handler);
      return () => port.off('message', handler);
    },
    onClose: (handler) => void port.once('close', handler),
  };
}

/** The link between a process and one that it forked. */
export function processChannel(link: ChildProcess | NodeJS.Process): Channel {
  return {
    send: (message) => void link.send?.(message as Serializable),
    onMessage(handler) {
      link.on('message', handler);
      return () => link.off('message', handler);
    },
    onClose: (handler) => void link.once('disconnect', handler),
  };
}

/** Forks a TypeScript module. */
export async function forkModule(module: URL): Promise<ChildProcess> {
  const execArgv = ['--conditions=source', '--import', LOADER];
  const child = fork(fileURLToPath(module), [], { execArgv, serialization: 'advanced' });
  await once(child, 'spawn');
  return child;
}
