import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Json } from '@backside/tree';
import type { JobContext } from '../handler.js';
import type { Runner } from '../runner.js';
import { type HandlerPlace, WorkerChild, type WorkerChildOptions } from './worker-child.js';

const NAME = /^([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_]+))?$/;
const EXTENSIONS = ['.js', '.mjs'];

/** Idle processes that are kept for the next jobs. */
export interface ProcessRunnerOptions extends WorkerChildOptions {
  readonly maxIdle: number;
}

/**
 * Runs the functions of the modules in a folder, each job in a process of its own, so that none can stop or starve another, nor
 * the server. A process is used again for the next job unless it was killed. A module that changes is loaded anew.
 */
export function createProcessRunner(options: ProcessRunnerOptions): Runner {
  return new ProcessRunner(options);
}

class ProcessRunner implements Runner {
  readonly #options: ProcessRunnerOptions;
  readonly #idle: WorkerChild[] = [];
  readonly #all = new Set<WorkerChild>();

  constructor(options: ProcessRunnerOptions) {
    this.#options = { ...options, directory: resolve(options.directory) };
  }

  has(name: string): boolean {
    return this.#find(name) !== null;
  }

  async run(data: Json, context: JobContext): Promise<Json> {
    const place = this.#find(context.name);
    if (place === null) throw new Error(`no module has a handler ${context.name}`);
    const child = this.#free();
    try {
      return await child.run(place, data, context);
    } finally {
      await this.#giveBack(child);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#all];
    this.#all.clear();
    this.#idle.length = 0;
    await Promise.all(all.map((child) => child.kill()));
  }

  #find(name: string): HandlerPlace | null {
    const [, module, handler = 'default'] = NAME.exec(name) ?? [];
    if (module === undefined) return null;
    for (const extension of EXTENSIONS) {
      const file = join(this.#options.directory, module + extension);
      const found = statSync(file, { throwIfNoEntry: false });
      if (found?.isFile()) return { module: `${pathToFileURL(file).href}?changed=${found.mtimeMs}`, handler };
    }
    return null;
  }

  #free(): WorkerChild {
    let child = this.#idle.pop();
    while (child !== undefined && !child.isAlive) {
      this.#all.delete(child);
      child = this.#idle.pop();
    }
    if (child !== undefined) return child;
    const started = new WorkerChild(this.#options);
    this.#all.add(started);
    return started;
  }

  async #giveBack(child: WorkerChild): Promise<void> {
    if (child.isAlive && this.#all.has(child) && this.#idle.length < this.#options.maxIdle) {
      this.#idle.push(child);
      return;
    }
    this.#all.delete(child);
    await child.kill();
  }
}
