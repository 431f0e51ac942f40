import type { ServiceState } from '@backside/proxy';

/** How often a service is asked whether it answers, in milliseconds. */
const PROBE_MS = 10_000;

/** Knows whether a service answered when it was asked last; it counts as well until it has been asked. */
export class ServiceProbe {
  readonly #kind: string;
  readonly #timer: NodeJS.Timeout;
  #status: ServiceState['status'] = 'ok';

  /** `ask` rejects if the service is out of reach. */
  constructor(kind: string, ask: () => Promise<unknown>) {
    this.#kind = kind;
    this.#timer = setInterval(() => {
      ask().then(
        () => {
          this.#status = 'ok';
        },
        () => {
          this.#status = 'down';
        },
      );
    }, PROBE_MS).unref();
  }

  get state(): ServiceState {
    return { kind: this.#kind, status: this.#status };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
