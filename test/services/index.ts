import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../harness/free-ports.js';
import { findCommand, PROGRAMS, type Program } from './programs.js';
import { ServerProcess } from './server-process.js';
import type { OwnService, Service, ServiceName } from './service.js';

export type { OwnService, Service, ServiceName } from './service.js';

/**
 * A server for tests that only use it and share it with others, so that they choose names that nobody else has: the one that the
 * environment names (`REDIS_URL`, `AMQP_URL`, `MONGODB_URL`, `POSTGRES_URL`, `NATS_URL`), else one that is started here. Null, with a line on
 * stderr, if there is none; an error then with REQUIRE_SERVICES=1.
 */
export async function sharedService(name: ServiceName): Promise<Service | null> {
  const url = process.env[PROGRAMS[name].variable];
  return url === undefined || url === '' ? startService(name) : { url, stop: async () => {} };
}

/** A server for tests that kill it. Null, or an error, as for `sharedService`. */
export async function startService(name: ServiceName): Promise<OwnService | null> {
  const program = PROGRAMS[name];
  const command = await findCommand(program.commands);
  if (command === null) return missing(name, program);
  const service = new StartedService(name, program, command);
  await service.start();
  return service;
}

function missing(name: ServiceName, { commands, variable }: Program): null {
  const reason = `${name}: ${variable} is not set, and none of ${commands.join(', ')} was found`;
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(reason);
  process.stderr.write(`skipped: tests that need ${reason}\n`);
  return null;
}

class StartedService implements OwnService {
  readonly #name: ServiceName;
  readonly #program: Program;
  readonly #command: string;
  #folder = '';
  #sidePorts: readonly [number, number] = [0, 0];
  #processes: ServerProcess[] = [];
  port = 0;

  constructor(name: ServiceName, program: Program, command: string) {
    this.#name = name;
    this.#program = program;
    this.#command = command;
  }

  get url(): string {
    return this.#program.url(this.port);
  }

  async start(): Promise<void> {
    const [port, ...sidePorts] = await freePorts(3);
    this.port = port!;
    this.#sidePorts = sidePorts as [number, number];
    this.#folder = await mkdtemp(join(tmpdir(), `backside-${this.#name}-`));
    await this.restart().catch(async (error: unknown) => {
      await this.stop();
      throw error;
    });
  }

  async restart(): Promise<void> {
    const place = { folder: this.#folder, port: this.port, sidePorts: this.#sidePorts, command: this.#command };
    for (const launch of await this.#program.launch(place)) this.#processes.push(new ServerProcess(launch));
    await this.#processes.at(-1)!.ready(this.port, () => answers(this.#name, this.port));
  }

  async kill(): Promise<void> {
    for (const process of this.#processes.splice(0).reverse()) await process.kill();
  }

  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: NodeJS.Signals): void {
    for (const process of this.#processes) process.signal(signal);
  }

  async stop(): Promise<void> {
    for (const process of this.#processes.splice(0).reverse()) await process.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What a server says when it is greeted in its own protocol; those that are not greeted are ready once they take connections. */
const GREETINGS: Partial<Record<ServiceName, Buffer>> = {
  redis: Buffer.from('PING\r\n'),
  rabbitmq: Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
  postgres: postgresStartup('user\0postgres\0database\0postgres\0\0'),
};

/** What a client of PostgreSQL, protocol 3.0, says first. */
function postgresStartup(parameters: string): Buffer {
  const greeting = Buffer.alloc(8 + parameters.length);
  greeting.writeInt32BE(greeting.length, 0);
  greeting.writeInt32BE(196_608, 4);
  greeting.write(parameters, 8, 'latin1');
  return greeting;
}

/** How servers refuse who comes while they still read their data: Redis, and PostgreSQL by the code for it. */
const STILL_STARTING = /^-LOADING|^E(?:.|\n)*\0C57P03\0/;

async function answers(name: ServiceName, port: number): Promise<boolean> {
  const greeting = GREETINGS[name];
  if (greeting === undefined) return true;
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(greeting));
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('data', (data) => end(!STILL_STARTING.test(data.toString('latin1'))));
    socket.once('error', () => end(false));
    socket.setTimeout(2_000, () => end(false));
  });
}
