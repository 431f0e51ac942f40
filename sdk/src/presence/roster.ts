import { type Json, type Node, nodeFromJson, type Path, parsePath, setAt } from '@backside/tree';
import type { Connection, ServerEvent } from '../link/connection.js';
import type { PresenceChange, PresentUser } from './presence.js';
import { changeBetween, NO_USERS, type Users, usersOf } from './present-users.js';

type Listener<Meta extends Json> = (list: readonly PresentUser<Meta>[], change: PresenceChange<Meta>) => void;

export interface RosterOptions {
  readonly connection: Pick<Connection, 'listen' | 'onUser'>;
  readonly path: Path;
  /** Told of each state that the server has sent, and its revision. */
  readonly seen: (node: Node, revision: number) => void;
  /** Told what a listener throws. */
  readonly report: (error: unknown) => void;
}

/** Who is present below a path, as the server tells it. Listens while anybody wants to know. */
export class Roster<Meta extends Json> {
  readonly #options: RosterOptions;
  readonly #listeners = new Set<Listener<Meta>>();
  #users: Users<Meta> = NO_USERS;
  /** `epoch:revision` of what is known; null for nothing. */
  #resumePoint: string | null = null;
  #end: (() => void) | null = null;
  #unwatch: (() => void) | null = null;
  #refused: Error | null = null;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  get list(): readonly PresentUser<Meta>[] {
    return this.#users.list;
  }

  get refused(): Error | null {
    return this.#refused;
  }

  onChange(listener: Listener<Meta>): () => void {
    // A function of its own, so that one listener given twice counts as two.
    const heard: Listener<Meta> = (list, change) => listener(list, change);
    this.#listeners.add(heard);
    this.#unwatch ??= this.#options.connection.onUser(() => this.#userChanged());
    if (this.#end === null) this.#listen();
    else if (this.#resumePoint !== null) queueMicrotask(() => this.#introduce(heard));
    return () => {
      this.#listeners.delete(heard);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #introduce(listener: Listener<Meta>): void {
    if (this.#listeners.has(listener)) this.#tell(listener, { joined: this.list, left: [], updated: [] });
  }

  /** One that throws keeps nobody else from being told. */
  #tell(listener: Listener<Meta>, change: PresenceChange<Meta>): void {
    try {
      listener(this.list, change);
    } catch (error) {
      this.#options.report(error);
    }
  }

  /** Somebody else may be allowed what was refused. */
  #userChanged(): void {
    if (this.#refused !== null) this.#listen();
  }

  #listen(): void {
    this.#refused = null;
    this.#end = this.#options.connection.listen(
      { path: this.#options.path, query: null },
      {
        event: (event) => this.#take(event),
        refused: (error) => {
          this.#refused = error;
          this.#end = null;
          this.#forget();
        },
        resumePoint: () => this.#resumePoint,
      },
    );
  }

  #stop(): void {
    this.#end?.();
    this.#end = null;
    this.#unwatch?.();
    this.#unwatch = null;
    this.#forget();
  }

  #forget(): void {
    this.#users = NO_USERS;
    this.#resumePoint = null;
  }

  #take(event: ServerEvent): void {
    const isFirst = this.#resumePoint === null;
    this.#resumePoint = `${event.epoch}:${event.revision}`;
    const before = this.#users;
    this.#users = usersOf(applyEvent(before.node, event, this.#options.path), before);
    const change = changeBetween(before, this.#users);
    if (change !== null || isFirst) {
      for (const listener of [...this.#listeners])
        this.#tell(listener, change ?? { joined: [], left: [], updated: [] });
    }
    this.#options.seen(this.#users.node, event.revision);
  }
}

/** The state after an event of a listen to `path`. */
function applyEvent(before: Node, event: ServerEvent, path: Path): Node {
  const below = event.path.slice(path.length);
  if (event.kind === 'put') {
    const value = nodeFromJson(event.body);
    return event.snapshot ? value : setAt(before, below, value);
  }
  let node = before;
  for (const [relative, value] of Object.entries(event.body as Record<string, Json>)) {
    node = setAt(node, [...below, ...parsePath(relative)], nodeFromJson(value));
  }
  return node;
}
