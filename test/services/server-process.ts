import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, processTree, waitUntil } from '../harness/measure.js';
import { killWithThisProcess } from '../harness/reaper.js';
import type { Launch } from './programs.js';

const START_TIMEOUT_MS = 60_000;
const LOOK_AGAIN_MS = 50;
const STOP_TIMEOUT_MS = 10_000;

/** Runs a program to its end and resolves with what it printed. Rejects with its complaint if it fails. */
export async function run(launch: Launch): Promise<string> {
  const child = spawnOf(launch);
  const [printed, complaint, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close') as Promise<[number]>,
  ]);
  if (code !== 0) throw new Error(`${launch.command} ended with ${code}: ${complaint}`);
  return printed.trim();
}

/** A running server process, which does not outlive this one. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  readonly #ended: Promise<void>;
  #output = '';

  constructor(launch: Launch) {
    this.#stopSignal = launch.stopSignal ?? 'SIGTERM';
    this.#child = spawnOf(launch);
    const { pid } = this.#child;
    const forget = pid === undefined ? (): void => {} : killWithThisProcess(-pid);
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => {
        forget();
        resolve();
      });
      this.#child.once('error', (error) => {
        this.#output += error.message;
        resolve();
      });
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4_000);
      });
    }
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  /** Resolves once `port` takes connections and `answers` says so. Rejects with the output of the process if that takes too long. */
  async ready(port: number, answers: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!((await takesConnections(port)) && (await answers()))) {
      if (this.#hasEnded || Date.now() > deadline) throw new Error(`a server did not start: ${this.#output}`);
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** The process and those that it has started, whichever process groups these are in. */
  get #members(): readonly number[] {
    return this.#hasEnded ? [] : processTree(this.#child.pid!);
  }

  /** To all of them. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of this.#members) sendSignal(pid, signal);
  }

  /** SIGKILL; resolves once all of them have ended. */
  async kill(): Promise<void> {
    const members = this.#members;
    this.signal('SIGKILL');
    await this.#allEnded(members);
  }

  /** Asks the process to end in order and waits until all of them have; SIGKILL follows if that takes too long. */
  async stop(): Promise<void> {
    const members = this.#members;
    this.signal('SIGCONT');
    if (!this.#hasEnded) sendSignal(this.#child.pid!, this.#stopSignal);
    const late = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#allEnded(members);
    clearTimeout(late);
  }

  /** Who has ended for its parent may still listen: what a process held is given back one after the other. */
  async #allEnded(members: readonly number[]): Promise<void> {
    await this.#ended;
    await waitUntil(() => !members.some(isRunning), `${this.#child.spawnfile} to end`);
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function spawnOf({ command, args, env, uid, gid }: Launch): ChildProcess {
  return spawn(command, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid, gid: gid! }),
  });
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
