import { targetKey } from '../sync/server-listen.js';
import type { SyncTree } from '../sync/sync-tree.js';
import type { EventType, Shown } from '../sync/view.js';
import type { ViewTarget } from '../sync/view-target.js';
import type { ListenOptions } from './root.js';

interface Listener {
  readonly type: EventType;
  /** The application's function, by which it is taken off again. */
  readonly listener: unknown;
  readonly options: ListenOptions;
  readonly tell: (shown: Shown) => void;
}

interface Active extends Listener {
  readonly stop: () => void;
}

/** The listeners of one database by what they listen to, for `off`. */
export class Listeners {
  readonly #tree: SyncTree;
  readonly #active = new Map<string, Set<Active>>();

  constructor(tree: SyncTree) {
    this.#tree = tree;
  }

  add(target: ViewTarget, given: Listener): () => void {
    const { type, options, tell } = given;
    if (options.signal?.aborted) return () => {};
    const end = (): void => {
      this.#forget(target, active);
      options.signal?.removeEventListener('abort', end);
      stop();
    };
    const stop = this.#tree.watch(target, {
      type,
      states: options.states ?? false,
      event: tell,
      refused: (error) => {
        end();
        options.refused?.(error);
      },
    });
    const active: Active = { ...given, stop: end };
    this.#remember(target, active);
    options.signal?.addEventListener('abort', end);
    return end;
  }

  remove(target: ViewTarget, type: EventType | undefined, listener: unknown): void {
    for (const active of [...(this.#active.get(targetKey(target)) ?? [])]) {
      if (type !== undefined && active.type !== type) continue;
      if (listener === undefined || active.listener === listener) active.stop();
    }
  }

  #remember(target: ViewTarget, active: Active): void {
    const name = targetKey(target);
    this.#active.set(name, (this.#active.get(name) ?? new Set()).add(active));
  }

  #forget(target: ViewTarget, active: Active): void {
    const name = targetKey(target);
    const known = this.#active.get(name);
    known?.delete(active);
    if (known?.size === 0) this.#active.delete(name);
  }
}
