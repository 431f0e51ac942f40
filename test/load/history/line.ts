import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, LoadNode } from './load-node.js';

const PAUSE_MS = 50;

/** One client's way to the nodes: a connection to one of them, and after its end to the next one that is there. */
export class Line {
  readonly #nodes: readonly LoadNode[];
  #at: number;
  #connection: { readonly node: LoadNode; readonly connection: Connection } | null = null;
  #ended = false;

  /** `first` is the place of the node to begin with. */
  constructor(nodes: readonly LoadNode[], first: number) {
    this.#nodes = nodes;
    this.#at = first % nodes.length;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The open connection, or a new one. Null once the line has ended. */
  async connected(): Promise<{ readonly node: LoadNode; readonly connection: Connection } | null> {
    while (this.#connection === null && !this.#ended) await this.#connect();
    return this.#ended ? null : this.#connection;
  }

  end(): void {
    this.#ended = true;
    this.#connection?.connection.end();
  }

  async #connect(): Promise<void> {
    const node = this.#nodes[this.#at]!;
    try {
      const connection = await node.connect();
      const here = { node, connection };
      this.#connection = here;
      void connection.closed.then(() => {
        if (this.#connection === here) this.#connection = null;
        this.#at = (this.#at + 1) % this.#nodes.length;
      });
      if (this.#ended) connection.end();
    } catch {
      // It is not there: the next one, in a moment.
      this.#at = (this.#at + 1) % this.#nodes.length;
      await sleep(PAUSE_MS);
    }
  }
}
