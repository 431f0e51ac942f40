import { type ChildProcess, fork } from 'node:child_process';
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

/** One of many channels over the link between a process and one that it forked. Several share the link by their topics. */
export function processChannel(link: ChildProcess | NodeJS.Process, topic: string): Channel {
  return {
    send: (message) => void link.send?.({ topic, message }),
    onMessage(handler) {
      const receive = (wrapped: { topic: string; message: unknown }): void => {
        if (wrapped.topic === topic) handler(wrapped.message);
      };
      link.on('message', receive);
      return () => link.off('message', receive);
    },
    onClose: (handler) => void link.once('disconnect', handler),
  };
}

/** Forks a TypeScript module. */
export async function forkModule(module: URL, args: readonly string[] = []): Promise<ChildProcess> {
  const child = fork(fileURLToPath(module), args, {
    execArgv: ['--conditions=source', '--import', LOADER],
    serialization: 'advanced',
  });
  child.setMaxListeners(0);
  await once(child, 'spawn');
  return child;
}
