import type { FunctionEvent, FunctionOptions, FunctionWriteStep, Trigger } from './define.js';

/** A function as its thread found it among the exports of its file. */
export interface LoadedFunction {
  readonly exportName: string;
  readonly trigger: Trigger;
  readonly options: FunctionOptions;
}

/** What a thread is started with. */
export interface ThreadData {
  /** URL of the file. */
  readonly file: string;
  /** What `@backside/jobs/functions` is for it, wherever it lies. */
  readonly define: string;
}

/** What a function asks of the server. */
export type Request =
  | { readonly method: 'get'; readonly path: string }
  | {
      readonly method: 'write';
      readonly steps: readonly FunctionWriteStep[];
      /** Names the write among those of the event. */
      readonly key: string;
    };

/** To a thread. */
export type HostMessage =
  | { readonly kind: 'run'; readonly run: number; readonly exportName: string; readonly event: FunctionEvent }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly code: string; readonly message: string };

/** From a thread. */
export type ThreadMessage =
  | { readonly kind: 'loaded'; readonly functions: readonly LoadedFunction[] }
  | { readonly kind: 'not-loaded'; readonly reason: string }
  | { readonly kind: 'done'; readonly run: number }
  | { readonly kind: 'failed'; readonly run: number; readonly reason: string }
  | { readonly kind: 'log'; readonly run: number; readonly message: string }
  | { readonly kind: 'request'; readonly run: number; readonly call: number; readonly request: Request };
