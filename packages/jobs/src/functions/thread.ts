/** Where the functions of one file run: the entry of a worker thread. */
import { register } from 'node:module';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { FunctionDefinition, FunctionEvent } from './define.js';
import { isDefinition } from './is-definition.js';
import type { HostMessage, LoadedFunction, ThreadData, ThreadMessage } from './messages.js';
import { ThreadCalls } from './thread-calls.js';

const port = parentPort as MessagePort;
const { file, define } = workerData as ThreadData;
const calls = new ThreadCalls(post);
const definitions = new Map<string, FunctionDefinition<FunctionEvent>>();

function post(message: ThreadMessage): void {
  port.postMessage(message);
}

/**
 * Function files import this package by its name from wherever they lie, and are ES modules whether or not a `package.json` near them says so,
 * as is what they import beside them.
 */
function registerResolver(): void {
  const directory = new URL('.', file).href;
  const hook = `export async function resolve(name, context, next) {
    if (name === '@backside/jobs/functions') return next(${JSON.stringify(define)}, context);
    const resolved = await next(name, context);
    const isOurs = resolved.url.startsWith(${JSON.stringify(directory)}) && !resolved.url.includes('/node_modules/');
    return isOurs && resolved.url.endsWith('.js') ? { ...resolved, format: 'module' } : resolved;
  }`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

async function load(): Promise<LoadedFunction[]> {
  registerResolver();
  const exports = (await import(file)) as Record<string, unknown>;
  const functions: LoadedFunction[] = [];
  for (const [exportName, value] of Object.entries(exports)) {
    if (!isDefinition(value)) continue;
    definitions.set(exportName, value);
    functions.push({ exportName, trigger: value.trigger, options: value.options ?? {} });
  }
  return functions;
}

async function run(message: HostMessage & { kind: 'run' }): Promise<void> {
  const definition = definitions.get(message.exportName);
  try {
    if (definition === undefined) throw new Error(`${message.exportName} is no function of this file`);
    await definition.run(message.event, calls.contextOf(message.run));
    // What it did not wait for is a part of it nevertheless.
    await calls.rest(message.run);
    post({ kind: 'done', run: message.run });
  } catch (error) {
    post({ kind: 'failed', run: message.run, reason: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

port.on('message', (message: HostMessage) => {
  if (message.kind === 'run') void run(message);
  else calls.settle(message);
});

load().then(
  (functions) => post({ kind: 'loaded', functions }),
  (error: unknown) => post({ kind: 'not-loaded', reason: reasonOf(error) }),
);
