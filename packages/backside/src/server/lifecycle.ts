import type { Logger } from '@backside/protocol';
import type { RunningServer } from './running-server.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface LifecycleOptions {
  readonly server: RunningServer;
  readonly logger: Logger;
  /** Milliseconds. */
  readonly drainTimeout: number;
  readonly processEvents: Pick<NodeJS.Process, 'on' | 'off' | 'exit'>;
}

/** Why the server ends. */
type End = { readonly kind: 'signal'; readonly signal: string } | { readonly kind: 'failure'; readonly error: unknown };

/**
 * Waits for the end and stops the server. Resolves with the exit code: 0 after SIGTERM or SIGINT if the server drained in
 * time; 1 after an error that nobody handled, a failure of the server itself, or if draining took too long. A second
 * signal ends the process at once with 1.
 */
export async function runUntilStopped(options: LifecycleOptions): Promise<number> {
  const { server, logger, processEvents } = options;
  const end = await waitForEnd(server, processEvents);
  for (const signal of SIGNALS) processEvents.on(signal, () => processEvents.exit(1));
  if (end.kind === 'signal') logger.info({ signal: end.signal }, 'stopping');
  else logger.error({ err: end.error }, 'an error that nobody handled; closing the data and ending');
  const drained = await stopInTime(options);
  return end.kind === 'signal' && drained ? 0 : 1;
}

function waitForEnd(server: RunningServer, processEvents: LifecycleOptions['processEvents']): Promise<End> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) {
      const stop = (): void => {
        processEvents.off(signal, stop);
        resolve({ kind: 'signal', signal });
      };
      processEvents.on(signal, stop);
    }
    const fail = (error: unknown): void => resolve({ kind: 'failure', error });
    processEvents.on('uncaughtException', fail);
    processEvents.on('unhandledRejection', fail);
    void server.failed.then(fail);
  });
}

/** Whether the server stopped within its time and without an error. */
async function stopInTime({ server, logger, drainTimeout }: LifecycleOptions): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, drainTimeout, 'late');
  });
  try {
    const outcome = await Promise.race([server.stop(), late]);
    if (outcome === 'late') logger.error({ drainTimeoutMs: drainTimeout }, 'the server did not drain in time');
    return outcome !== 'late';
  } catch (error) {
    logger.error({ err: error }, 'the server could not be stopped in order');
    return false;
  } finally {
    clearTimeout(timer);
  }
}
