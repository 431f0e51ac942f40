import type { Json, Path } from '@backside/tree';
import type { WireStep } from '../link/write.js';
import { LocalWrite } from '../sync/local-write.js';
import { prioritized } from '../sync/prioritized.js';
import type { Root, WaitOptions } from './root.js';

export interface OnDisconnectOptions extends WaitOptions {
  /** How long after the end of the connection the write is made, in milliseconds; 0 when left out. */
  readonly graceMs?: number;
}

/**
 * Writes that the server makes when this client's connection ends, however it ends. Each promise resolves when the server has
 * taken the write down. What was left on one connection is not left again on the next.
 */
export class OnDisconnect {
  readonly #root: Root;
  readonly #path: Path;

  constructor(root: Root, path: Path) {
    this.#root = root;
    this.#path = path;
  }

  set(value: Json, options?: OnDisconnectOptions): Promise<void> {
    return this.#leave('set', { value }, options);
  }

  setWithPriority(value: Json, priority: string | number | null, options?: OnDisconnectOptions): Promise<void> {
    return this.set(prioritized(value, priority), options);
  }

  update(values: { readonly [path: string]: Json }, options?: OnDisconnectOptions): Promise<void> {
    return this.#leave('update', { value: values }, options);
  }

  remove(options?: OnDisconnectOptions): Promise<void> {
    return this.#leave('remove', {}, options);
  }

  /** Takes back what was left at this place and below. */
  cancel(options?: WaitOptions): Promise<void> {
    return this.#leave('cancel', {}, options);
  }

  async #leave(
    onDisconnect: 'set' | 'update' | 'remove' | 'cancel',
    data: Pick<WireStep, 'value'>,
    { signal, graceMs }: OnDisconnectOptions = {},
  ): Promise<void> {
    const method = onDisconnect === 'cancel' ? 'remove' : onDisconnect;
    const write = {
      key: this.#root.newKey(),
      steps: [{ method, path: this.#path, ...data }],
      ackLevel: 'durable',
      onDisconnect,
      ...(graceMs !== undefined && { graceMs }),
    } as const;
    await this.#root.connection.write(new LocalWrite(write, 0).wire, signal);
  }
}
