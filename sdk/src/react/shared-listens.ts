/** Starts a listen that calls `tell` with each new state. Returns how to stop. */
export type StartListen<State> = (tell: (state: State) => void) => () => void;

/** How a hook of React's `useSyncExternalStore` sees a listen. */
export interface Watch<State> {
  subscribe(onChange: () => void): () => void;
  /** The last state told; the same object between changes. */
  current(): State;
}

interface Listen<State> {
  readonly hooks: Set<() => void>;
  state: State;
  stop: () => void;
}

/**
 * One listen per key for all hooks of a client. It begins with the first hook and ends after the last one, at the end of the turn:
 * a hook that goes and comes back within one, as each does in StrictMode, finds it still running.
 */
export class SharedListens {
  readonly #listens = new Map<string, Listen<unknown>>();

  /** `first` is the state as long as none was told. */
  watch<State>(key: string, first: State, start: StartListen<State>): Watch<State> {
    return {
      current: () => (this.#listens.get(key) as Listen<State> | undefined)?.state ?? first,
      subscribe: (onChange) => {
        const listen = this.#listens.get(key) ?? this.#begin(key, first, start);
        // The same function may be given by two hooks.
        const hook = (): void => onChange();
        listen.hooks.add(hook);
        return () => {
          listen.hooks.delete(hook);
          if (listen.hooks.size === 0) queueMicrotask(() => this.#endIfUnused(key, listen));
        };
      },
    };
  }

  #begin<State>(key: string, first: State, start: StartListen<State>): Listen<unknown> {
    const listen: Listen<unknown> = { hooks: new Set(), state: first, stop: () => undefined };
    listen.stop = start((state) => {
      if (Object.is(state, listen.state)) return;
      listen.state = state;
      for (const hook of [...listen.hooks]) hook();
    });
    this.#listens.set(key, listen);
    return listen;
  }

  #endIfUnused(key: string, listen: Listen<unknown>): void {
    if (listen.hooks.size > 0 || this.#listens.get(key) !== listen) return;
    this.#listens.delete(key);
    listen.stop();
  }
}

const byClient = new WeakMap<object, SharedListens>();

/** Those of a client; they go with it. */
export function sharedListensOf(client: object): SharedListens {
  let listens = byClient.get(client);
  if (listens === undefined) {
    listens = new SharedListens();
    byClient.set(client, listens);
  }
  return listens;
}
