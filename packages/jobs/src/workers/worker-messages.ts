import type { Json } from '@backside/tree';
import type { JobStep } from '../handler.js';

/** What a worker process is told. */
export type ToWorker =
  | {
      readonly kind: 'run';
      /** URL of the module, and which of its exports to call. */
      readonly module: string;
      readonly handler: string;
      readonly job: { readonly id: string; readonly name: string; readonly attempt: number };
      readonly data: Json;
    }
  | { readonly kind: 'abort'; readonly reason: WireError }
  /** Answers a call. */
  | { readonly kind: 'answer'; readonly call: number; readonly value: Json }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: WireError };

/** What a worker process says. One job runs at a time, so nothing needs to name it. */
export type FromWorker =
  /** It can be given its first job. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly value: Json }
  | { readonly kind: 'read'; readonly call: number; readonly path: string | readonly string[] }
  | { readonly kind: 'write'; readonly call: number; readonly steps: readonly JobStep[] }
  | { readonly kind: 'result'; readonly value: Json }
  | { readonly kind: 'failed'; readonly error: WireError };

/** An error on its way between processes. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Of a BacksideError. */
  readonly code?: string;
}

export function toWireError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(typeof code === 'string' && { code }),
  };
}

/** An error with the name, text, stack and code of the one that was sent. */
export function fromWireError({ name, message, stack, code }: WireError): Error {
  return Object.assign(new Error(message), { name }, stack !== undefined && { stack }, code !== undefined && { code });
}
