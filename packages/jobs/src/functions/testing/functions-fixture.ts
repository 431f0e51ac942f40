import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database, type DatabaseLimits, openAuthorizer } from '@backside/api';
import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, type Logger, type Principal, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica, type Journal, type Replica } from '@backside/store';
import { type Json, nodeToJson, parsePath } from '@backside/tree';
import { createFunctions } from '../functions.js';
import type { AccountsSource, Functions, FunctionsLimits } from '../options.js';

/** How long anything may take on a busy machine, in milliseconds. */
const PATIENCE_MS = 25_000;

/** A database on this journal; its state is in memory. */
export function openTestDatabase(
  journal: Journal,
  { replica = createMemoryReplica(), limits = {} }: { replica?: Replica; limits?: Partial<DatabaseLimits> } = {},
): Promise<Database> {
  return createDatabase({
    name: 'test',
    journal,
    replica,
    notifier: createMemoryNotifier(),
    authorizer: openAuthorizer,
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
    sleep,
    nodeId: 'one',
    trimsJournal: false,
    limits,
  });
}

/** A database in memory, a directory of function files, and what runs them. */
export class FunctionsFixture {
  readonly directory: string;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly database: Database;
  readonly tree: PrivateTree = createMemoryPrivateTree();
  /** What was logged as a warning or an error. */
  readonly logs: string[] = [];
  readonly #root: string;
  #functions: Functions | null = null;

  private constructor(root: string, parts: Pick<FunctionsFixture, 'journal' | 'replica' | 'database'>) {
    this.#root = root;
    this.directory = join(root, 'functions');
    this.journal = parts.journal;
    this.replica = parts.replica;
    this.database = parts.database;
  }

  /** @param limits of the database. */
  static async create(limits: Partial<DatabaseLimits> = {}): Promise<FunctionsFixture> {
    const root = await mkdtemp(join(tmpdir(), 'functions-'));
    await mkdir(join(root, 'functions'));
    const journal = createMemoryJournal();
    const replica = createMemoryReplica({ epoch: journal.epoch });
    const database = await openTestDatabase(journal, { replica, limits });
    return new FunctionsFixture(root, { journal, replica, database });
  }

  /** Writes a file of functions; `definitions` may use what `@backside/jobs/functions` exports. */
  async file(name: string, definitions: string): Promise<void> {
    const imports = `import * as functions from '@backside/jobs/functions';
const { onWrite, onCreate, onUpdate, onDelete, onUserCreated, schedule } = functions;\n`;
    await writeFile(join(this.directory, name), imports + definitions);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.directory, name));
  }

  async start(
    options: {
      limits?: Partial<FunctionsLimits>;
      now?: () => number;
      accounts?: AccountsSource;
      nodeId?: string;
      directory?: string;
      journal?: Journal;
      tree?: PrivateTree;
      env?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<Functions> {
    const { limits = {}, ...rest } = options;
    this.#functions = await createFunctions({
      directory: this.directory,
      database: this.database,
      journal: this.journal,
      reader: this.replica,
      tree: this.tree,
      nodeId: 'one',
      now: Date.now,
      sleep,
      logger: this.#logger(),
      limits: { backoffMs: 5, ...limits },
      ...rest,
    });
    return this.#functions;
  }

  #logger(): Logger {
    const note: Logger['warn'] = (fields, message) => {
      const { err, reason } = fields as { err?: unknown; reason?: unknown };
      this.logs.push(`${message}: ${err instanceof Error ? err.stack : String(reason ?? '')}`);
    };
    return { ...SILENT_LOGGER, warn: note, error: note };
  }

  async stop(): Promise<void> {
    await this.#functions?.close();
    this.#functions = null;
  }

  write(path: string, value: unknown, principal: Principal = ADMIN): Promise<unknown> {
    return this.database.write({ principal, steps: [{ method: 'set', path: parsePath(path), value }] });
  }

  value(path: string): Json {
    return nodeToJson(this.database.read(ADMIN, parsePath(path)).node, 'val');
  }

  /** Resolves with the value at `path` once there is one that `wanted` accepts. Throws after a long time. */
  async until(path: string, wanted: (value: Json) => boolean = (value) => value !== null): Promise<Json> {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
      const value = this.value(path);
      if (wanted(value)) return value;
      await sleep(10);
    }
    throw new Error(`${path} is ${JSON.stringify(this.value(path))}\n${this.logs.join('\n')}`);
  }

  /** Resolves once no event waits or runs. Throws after a long time. */
  async quiet(): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
      const recorded = this.tree.keys(['pending']).length === 0;
      // A look may be under way that has not recorded the last commit yet.
      if (recorded && (await this.#seen()) && this.tree.keys(['pending']).length === 0) return;
      await sleep(10);
    }
    throw new Error(`events wait: ${JSON.stringify(this.tree.read(['pending']))}\n${this.logs.join('\n')}`);
  }

  async #seen(): Promise<boolean> {
    await sleep(60);
    return true;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.database.close();
    await rm(this.#root, { recursive: true, force: true });
  }
}
