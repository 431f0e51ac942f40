/** What function files import. They run in threads of their own, so that this file knows nothing of the server. */
import type { Json } from '@backside/tree';

/** What a pattern's `{names}` stand for: `ParamsOf<'/orders/{id}'>` is `{ id: string }`. */
export type ParamsOf<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Key in Name | keyof ParamsOf<Rest>]: string }
  : Readonly<Record<never, string>>;

/** Who made the write: a user, or somebody who bypasses the rules. */
export type EventAuth = { readonly uid: string } | { readonly admin: true };

interface AnyEvent {
  /** The same at every try, and of no other event: hand it to services outside, so that they can tell a repetition. */
  readonly id: string;
  /** Milliseconds since the epoch: of the commit, or the time for which a schedule was due. */
  readonly time: number;
  /** 1 at the first try. Tries that ended with the whole server are not counted. */
  readonly attempt: number;
}

/** What a commit did to one node that a pattern names. */
export interface WriteEvent<Params = Readonly<Record<string, string>>> extends AnyEvent {
  readonly path: string;
  readonly params: Params;
  /** The whole node before the commit, as JSON without priorities; null is absence. */
  readonly before: Json;
  readonly after: Json;
  readonly revision: number;
  /** Null if nobody was signed in. */
  readonly auth: EventAuth | null;
  /** How many functions one after the other led to this write; 0 for a client's own. */
  readonly depth: number;
}

export interface UserEvent extends AnyEvent {
  readonly user: {
    readonly uid: string;
    readonly email: string | null;
    readonly username: string | null;
    readonly displayName: string | null;
    readonly anonymous: boolean;
  };
}

export interface ScheduleEvent extends AnyEvent {
  /** Firings that were due before this one while no server ran, and that this one makes up for. */
  readonly missed: number;
}

/** What a function of any trigger may get. */
export type FunctionEvent = WriteEvent | UserEvent | ScheduleEvent;

/** One step of a write; as over REST, values may hold server values such as `{ '.sv': { increment: 1 } }`. */
export type FunctionWriteStep =
  | { readonly method: 'set' | 'update' | 'push'; readonly path: string; readonly value: unknown }
  | { readonly method: 'remove'; readonly path: string };

export interface FunctionWriteResult {
  readonly revision: number;
  /** The paths of the `push` steps, in order. */
  readonly pushed: readonly string[];
}

export interface FunctionWriteOptions {
  /**
   * Names this write among those of the same event. By default writes are numbered in the order of the calls, so a function whose
   * calls come in another order at its next try names them itself. At most 64 characters.
   */
  readonly key?: string;
}

/**
 * The database that the event is of, without rules. Every write happens once per event, however often the function is tried: at a
 * repetition the first one's result is given back and its values stand. Rejects with an `Error` that has the `code` of the server's
 * table of errors.
 */
export interface FunctionDatabase {
  /** The node as it is now, which is the state of the event's commit or a later one. */
  get(path: string): Promise<Json>;
  set(path: string, value: unknown, options?: FunctionWriteOptions): Promise<FunctionWriteResult>;
  update(path: string, value: object, options?: FunctionWriteOptions): Promise<FunctionWriteResult>;
  push(path: string, value: unknown, options?: FunctionWriteOptions): Promise<FunctionWriteResult>;
  remove(path: string, options?: FunctionWriteOptions): Promise<FunctionWriteResult>;
  /** All steps as one commit, or none. */
  write(steps: readonly FunctionWriteStep[], options?: FunctionWriteOptions): Promise<FunctionWriteResult>;
}

export interface FunctionContext {
  readonly database: FunctionDatabase;
  /** Into the server's log, with the names of function and event. */
  log(message: string): void;
}

export interface FunctionOptions {
  /** For one try, in milliseconds; then its thread is ended. Default 60,000. */
  readonly timeoutMs?: number;
  /** Tries before the event is put among the dead letters. Default 5. */
  readonly attempts?: number;
  /** Before the second try, in milliseconds; doubled for each further one up to ten minutes. Default 1,000. */
  readonly backoffMs?: number;
  /**
   * `skip` (default): while an event waits for its next try others go on, and several run at a time. `kept`: one at a time in the
   * order of their commits; one that fails holds those behind it until it succeeds or is given up.
   */
  readonly order?: 'kept' | 'skip';
}

export type Trigger =
  | { readonly kind: 'write' | 'create' | 'update' | 'delete'; readonly pattern: string }
  | { readonly kind: 'user-created' }
  | { readonly kind: 'schedule'; readonly cron: string; readonly timezone?: string };

/** What a function file exports. Plain data, so that a file may also spell it out without importing anything. */
export interface FunctionDefinition<Event = never> {
  readonly trigger: Trigger;
  readonly options: FunctionOptions;
  readonly run: (event: Event, context: FunctionContext) => unknown;
}

export type Handler<Event> = (event: Event, context: FunctionContext) => unknown;
type Rest<Event> = [handler: Handler<Event>] | [options: FunctionOptions, handler: Handler<Event>];

function define<Event>(trigger: Trigger, rest: Rest<Event>): FunctionDefinition<Event> {
  const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
  return { trigger, options, run };
}

/** Runs after each commit that changed a node which `pattern` names, or anything below it. */
export function onWrite<Pattern extends string>(
  pattern: Pattern,
  ...rest: Rest<WriteEvent<ParamsOf<Pattern>>>
): FunctionDefinition<WriteEvent<ParamsOf<Pattern>>> {
  return define({ kind: 'write', pattern }, rest);
}

/** As `onWrite`, if there was no such node before. */
export function onCreate<Pattern extends string>(
  pattern: Pattern,
  ...rest: Rest<WriteEvent<ParamsOf<Pattern>>>
): FunctionDefinition<WriteEvent<ParamsOf<Pattern>>> {
  return define({ kind: 'create', pattern }, rest);
}

/** As `onWrite`, if the node was there before and still is. */
export function onUpdate<Pattern extends string>(
  pattern: Pattern,
  ...rest: Rest<WriteEvent<ParamsOf<Pattern>>>
): FunctionDefinition<WriteEvent<ParamsOf<Pattern>>> {
  return define({ kind: 'update', pattern }, rest);
}

/** As `onWrite`, if the node is gone. */
export function onDelete<Pattern extends string>(
  pattern: Pattern,
  ...rest: Rest<WriteEvent<ParamsOf<Pattern>>>
): FunctionDefinition<WriteEvent<ParamsOf<Pattern>>> {
  return define({ kind: 'delete', pattern }, rest);
}

/** Runs after an account was made, in whichever way. */
export function onUserCreated(...rest: Rest<UserEvent>): FunctionDefinition<UserEvent> {
  return define({ kind: 'user-created' }, rest);
}

export interface ScheduleOptions extends FunctionOptions {
  /** An IANA name; default that of the server. */
  readonly timezone?: string;
}

/** Runs at the times of a cron expression of five fields, or six with seconds first; once over all nodes. */
export function schedule(
  cron: string,
  ...rest: [handler: Handler<ScheduleEvent>] | [options: ScheduleOptions, handler: Handler<ScheduleEvent>]
): FunctionDefinition<ScheduleEvent> {
  if (rest.length === 1) return { trigger: { kind: 'schedule', cron }, options: {}, run: rest[0] };
  const [{ timezone, ...options }, run] = rest;
  return { trigger: { kind: 'schedule', cron, ...(timezone !== undefined && { timezone }) }, options, run };
}
