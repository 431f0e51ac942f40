import type {
  FunctionContext,
  FunctionDatabase,
  FunctionWriteOptions,
  FunctionWriteResult,
  FunctionWriteStep,
} from './define.js';
import type { HostMessage, Request, ThreadMessage } from './messages.js';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What functions ask of the server, and the answers that are under way. */
export class ThreadCalls {
  readonly #post: (message: ThreadMessage) => void;
  readonly #waiting = new Map<number, Waiting>();
  /** By run. */
  readonly #underWay = new Map<number, Set<Promise<unknown>>>();
  #calls = 0;

  constructor(post: (message: ThreadMessage) => void) {
    this.#post = post;
  }

  settle(message: Exclude<HostMessage, { kind: 'run' }>): void {
    const waiting = this.#waiting.get(message.call);
    this.#waiting.delete(message.call);
    if (message.kind === 'answer') waiting?.resolve(message.value);
    else waiting?.reject(Object.assign(new Error(message.message), { code: message.code }));
  }

  #request<Answer>(run: number, request: Request): Promise<Answer> {
    const call = ++this.#calls;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(call, { resolve: resolve as (value: unknown) => void, reject });
      this.#post({ kind: 'request', run, call, request });
    });
    const underWay = this.#underWay.get(run) ?? new Set();
    this.#underWay.set(run, underWay.add(answer));
    const settled = (): boolean => underWay.delete(answer);
    answer.then(settled, settled);
    return answer;
  }

  /** Resolves once everything that a run asked for is answered; rejects if anything is refused from now on. */
  async rest(run: number): Promise<void> {
    const underWay = this.#underWay.get(run) ?? new Set();
    try {
      while (underWay.size > 0) await Promise.all(underWay);
    } finally {
      this.#underWay.delete(run);
    }
  }

  contextOf(run: number): FunctionContext {
    let writes = 0;
    const write = (
      steps: readonly FunctionWriteStep[],
      options: FunctionWriteOptions = {},
    ): Promise<FunctionWriteResult> =>
      this.#request(run, {
        method: 'write',
        steps,
        key: options.key === undefined ? `${++writes}` : `=${options.key}`,
      });
    const database: FunctionDatabase = {
      get: (path) => this.#request(run, { method: 'get', path }),
      set: (path, value, options) => write([{ method: 'set', path, value }], options),
      update: (path, value, options) => write([{ method: 'update', path, value }], options),
      push: (path, value, options) => write([{ method: 'push', path, value }], options),
      remove: (path, options) => write([{ method: 'remove', path }], options),
      write,
    };
    return { database, log: (message) => this.#post({ kind: 'log', run, message: String(message) }) };
  }
}
