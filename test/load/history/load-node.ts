import type { Json } from '../json-tree.js';
import type { Answer, SeenEvent, Write } from './history.js';

/** A node that load is put on: a server, or a database in this process. */
export interface LoadNode {
  readonly name: string;
  /** Rejects if the node cannot be reached or does not answer in time. */
  connect(): Promise<Connection>;
}

/** What was told of a path. */
export interface Told {
  readonly revision: number;
  readonly value: Json;
  readonly stale: boolean;
}

/** An event, without what the listener adds to it. */
export type ToldEvent = Omit<SeenEvent, 'at' | 'node'>;

/** One client's connection. It ends by itself when the node goes away, answers nothing for long, or ends a listen. */
export interface Connection {
  readonly epoch: string;
  readonly closed: Promise<void>;
  /** Null if it cannot be known whether the write was, or still will be, made. `key` makes a second sending harmless. */
  write(write: Write, key: string | null): Promise<Answer | null>;
  /** Null if there was no answer. */
  read(path: string): Promise<Told | null>;
  /** `resume` is `epoch:revision` of the last event that the listener has. */
  listen(path: string, resume: string | null, heard: (event: ToldEvent) => void): void;
  end(): void;
}
