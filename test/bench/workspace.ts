import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../harness/server.js';
import { LEAVES_PER_ITEM } from './items.js';
import { LoadProcess } from './load.js';
import type { Target } from './scenario.js';

/** A running server of ours. */
export interface OurServer {
  readonly websocket: Target;
  readonly tcp: Target;
  /** Drains it; a clean shutdown. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface OurOptions {
  readonly dataDir?: string;
  readonly args?: readonly string[];
}

export interface WorkspaceOptions {
  /** Where the folders of this run are made; fsync behaves as its file system does. */
  readonly folder: string;
  readonly quick: boolean;
  readonly log: (text: string) => void;
}

/** What the rows of one run share: a scratch folder, filled data folders (made once, then copied), and how to start ours. */
export class Workspace {
  readonly quick: boolean;
  readonly #folder: string;
  readonly #log: (text: string) => void;
  readonly #filled: Map<number, Promise<string>> = new Map();

  private constructor(folder: string, options: WorkspaceOptions) {
    this.#folder = folder;
    this.#log = options.log;
    this.quick = options.quick;
  }

  static async create(options: WorkspaceOptions): Promise<Workspace> {
    return new Workspace(await mkdtemp(join(options.folder, 'backside-bench-')), options);
  }

  /** How many leaves the rows about many leaves have. */
  get manyLeaves(): number {
    return this.quick ? 100_000 : 1_000_000;
  }

  newFolder(name: string): Promise<string> {
    return mkdtemp(join(this.#folder, `${name}-`));
  }

  async startOurs(options: OurOptions = {}): Promise<OurServer> {
    const server = await startServer({
      dataDir: options.dataDir ?? (await this.newFolder('data')),
      args: [...LIMITS_OUT_OF_THE_WAY, ...(options.args ?? [])],
    });
    return {
      websocket: { pid: server.pid, port: server.httpPort },
      tcp: { pid: server.pid, port: server.tcpPort },
      stop: async () => {
        await server.stop();
      },
      kill: () => server.kill(),
    };
  }

  /** A data folder with that many leaves below `/items`, cleanly shut down. Callers copy it. */
  filledFolder(leaves: number): Promise<string> {
    const known = this.#filled.get(leaves);
    if (known) return known;
    const made = this.#fill(leaves);
    this.#filled.set(leaves, made);
    return made;
  }

  /** A server on a copy of `filledFolder(leaves)`. */
  async startFilled(leaves: number): Promise<OurServer> {
    const dataDir = join(await this.newFolder(`leaves-${leaves}`), 'data');
    await cp(await this.filledFolder(leaves), dataDir, { recursive: true });
    return this.startOurs({ dataDir });
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #fill(leaves: number): Promise<string> {
    const dataDir = await this.newFolder(`filled-${leaves}`);
    const server = await this.startOurs({ dataDir });
    const load = await LoadProcess.start('fill', server.tcp);
    const { seconds, serverCpu } = await load.round(leaves);
    await load.stop();
    await server.stop();
    const items = leaves / LEAVES_PER_ITEM;
    this.#log(
      `filled ${items} items (${leaves} leaves) in ${seconds.toFixed(1)} s, ${serverCpu.toFixed(1)} s of server CPU`,
    );
    return dataDir;
  }
}

/** The load is one client to the server's eyes: what protects it against one client must not be what is measured. */
export const LIMITS_OUT_OF_THE_WAY: readonly string[] = [
  ...['--max-frames-per-second', '0'],
  ...['--max-bytes-per-second', '0'],
  ...['--log-level', 'error'],
];

/** Nothing is written to a disk, as the references do not either: what is left is the cost of all the rest. */
export const NO_DISK: readonly string[] = ['--store', 'memory'];
