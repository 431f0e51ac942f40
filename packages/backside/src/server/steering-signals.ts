import type { Logger } from '@backside/protocol';
import type { RunningServer } from './running-server.js';

export interface SteeringOptions {
  readonly server: Pick<RunningServer, 'restart' | 'reload'>;
  readonly logger: Logger;
  readonly processEvents: Pick<NodeJS.Process, 'on'>;
}

/** SIGHUP reads the settings again, SIGUSR2 replaces the workers one after the other. What is refused is logged, and nothing changes. */
export function steerBySignals({ server, logger, processEvents }: SteeringOptions): void {
  const refuse = (signal: string) => (error: unknown) => logger.error({ err: error, signal }, 'the signal is refused');
  processEvents.on('SIGHUP', () => void server.reload().catch(refuse('SIGHUP')));
  processEvents.on('SIGUSR2', () => void server.restart().catch(refuse('SIGUSR2')));
}
