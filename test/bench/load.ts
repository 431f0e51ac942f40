import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Order, ScenarioName, Scenarios } from './load-process.js';
import type { Sample } from './scenario.js';

type OptionsOf<Name extends ScenarioName> = Parameters<Scenarios[Name]>[0];

/** The runner's end of a process that puts load on a server, or that is itself what is measured. */
export class LoadProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts the process and prepares the scenario; rejects with its reason if that fails. */
  static async start<Name extends ScenarioName>(scenario: Name, options: OptionsOf<Name>): Promise<LoadProcess> {
    // Without the `source` condition of the runner: packages under test are loaded as built.
    const child = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx'],
      env: process.env,
    });
    const load = new LoadProcess(child);
    try {
      await load.#order({ kind: 'prepare', scenario, options });
      return load;
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`scenario ${scenario}`, { cause: error });
    }
  }

  /** Starts the process, runs one round and stops it. */
  static async once<Name extends ScenarioName>(
    scenario: Name,
    options: OptionsOf<Name>,
    amount: number,
  ): Promise<Sample> {
    const load = await LoadProcess.start(scenario, options);
    try {
      return await load.round(amount);
    } finally {
      await load.stop();
    }
  }

  async round(amount: number): Promise<Sample> {
    const sample = await this.#order({ kind: 'round', amount });
    if (!sample) throw new Error('a round without a sample');
    return sample;
  }

  /** Closes what the scenario holds and waits for the process to end. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    this.#child.send({ kind: 'close' } satisfies Order);
    await ended;
    clearTimeout(timer);
  }

  async #order(order: Order): Promise<Sample | null> {
    const aborted = new AbortController();
    const answered = once(this.#child, 'message', { signal: aborted.signal });
    const died = once(this.#child, 'exit', { signal: aborted.signal }).then(([code, signal]) => {
      throw new Error(`the load process ended early (${signal ?? code})`);
    });
    this.#child.send(order);
    try {
      const [answer] = (await Promise.race([answered, died])) as [Answer];
      if ('error' in answer) throw new Error(answer.error);
      return answer.sample;
    } finally {
      aborted.abort();
      answered.catch(ignoreAbort);
      died.catch(ignoreAbort);
    }
  }
}

function ignoreAbort(error: Error): void {
  if (error.name !== 'AbortError' && !error.message.startsWith('the load process ended')) throw error;
}
