import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BacksideError } from '@backside/protocol';
import { type FSWatcher, watch } from 'chokidar';
import { FunctionFile, type FunctionFileOptions, fileNameOf } from './function-file.js';
import type { DeclaredFunction } from './registry.js';

/** Names of files that hold functions. Those that begin with `_` are for others to import. */
const FUNCTION_FILE = /^[A-Za-z0-9][\w-]*\.m?js$/;
const MODULE = /\.(?:m?js|cjs|json)$/;

/** How long the other files wait at the start for one that is slow to load, in milliseconds. */
const LOAD_PATIENCE_MS = 10_000;

export interface FunctionDirectoryOptions extends Omit<FunctionFileOptions, 'path'> {
  readonly directory: string;
}

/** The files of functions as they are on disk, each with its thread. */
export class FunctionDirectory {
  readonly #options: FunctionDirectoryOptions;
  readonly #files = new Map<string, FunctionFile>();
  /** Names of files that were made, changed or removed since the last look. */
  readonly #changed = new Set<string>();
  #watcher: FSWatcher | null = null;
  #news = false;

  constructor(options: FunctionDirectoryOptions) {
    this.#options = options;
  }

  /** Loads every file, and begins to watch. Throws `not-found` if there is no such directory. */
  async open(): Promise<void> {
    await this.#present();
    await this.#watch();
    const loading = Promise.all((await this.#present()).map((name) => this.#load(name)));
    // Who takes longer keeps nobody waiting.
    await Promise.race([loading, this.#options.sleep(LOAD_PATIENCE_MS)]);
  }

  /** Resolves when nothing that changes from now on is missed. */
  async #watch(): Promise<void> {
    const { directory } = this.#options;
    const watcher = watch(directory, {
      depth: 0,
      ignoreInitial: true,
      awaitWriteFinish: { stabilityThreshold: 60, pollInterval: 20 },
    });
    for (const event of ['add', 'change', 'unlink'] as const) {
      watcher.on(event, (path) => this.#changed.add(path.slice(directory.length).replace(/^[/\\]+/, '')));
    }
    watcher.on('error', (error) =>
      this.#options.logger.error({ err: error }, 'the directory of functions can no longer be watched'),
    );
    this.#watcher = watcher;
    await once(watcher, 'ready');
  }

  async #present(): Promise<string[]> {
    try {
      return (await readdir(this.#options.directory)).filter((name) => FUNCTION_FILE.test(name)).sort();
    } catch (cause) {
      throw new BacksideError('not-found', 'there is no directory of functions', { cause });
    }
  }

  async #load(name: string): Promise<void> {
    const known = this.#files.get(name);
    await (known?.reload() ?? this.#loadNew(name));
    this.#news = true;
  }

  async #loadNew(name: string): Promise<void> {
    const path = join(this.#options.directory, name);
    const twin = [...this.#files.values()].some((file) => file.name === fileNameOf(path));
    if (twin) {
      this.#options.logger.error({ file: name }, 'two files of functions have one name; this one is left out');
      return;
    }
    const file = new FunctionFile({ ...this.#options, path });
    this.#files.set(name, file);
    await file.load();
  }

  /**
   * Begins to take in what has changed on disk; a change of what is only imported concerns all. Resolves with whether any file was loaded
   * or removed since the last call.
   */
  async refresh(): Promise<boolean> {
    const changed = [...this.#changed].filter((name) => MODULE.test(name));
    this.#changed.clear();
    if (changed.length > 0) await this.#takeIn(changed);
    const news = this.#news;
    this.#news = false;
    return news;
  }

  async #takeIn(changed: readonly string[]): Promise<void> {
    const present = await this.#present();
    for (const [name, file] of this.#files) {
      if (present.includes(name)) continue;
      file.close();
      this.#files.delete(name);
      this.#news = true;
    }
    const all = changed.some((name) => !FUNCTION_FILE.test(name));
    for (const name of present) if (all || changed.includes(name)) void this.#load(name);
  }

  /** All functions of the files that could be loaded, with their file. */
  declared(): { readonly declared: DeclaredFunction; readonly file: FunctionFile }[] {
    return [...this.#files.values()].flatMap((file) => (file.functions ?? []).map((declared) => ({ declared, file })));
  }

  /** The names of files that never could be loaded, or are not yet. */
  broken(): Set<string> {
    return new Set([...this.#files.values()].filter(({ functions }) => functions === null).map(({ name }) => name));
  }

  /** Ends every thread with whatever runs in it. */
  async close(): Promise<void> {
    for (const file of this.#files.values()) file.close();
    await this.#watcher?.close();
  }
}
