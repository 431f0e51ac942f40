import type { Alias } from '../config/flags.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { assertRunnable } from '../server/assert-runnable.js';
import type { Ports } from '../server/edges.js';
import type { HeldSignals } from '../server/held-signals.js';
import { assertLegacySettings } from '../server/legacy-settings.js';
import { runUntilStopped } from '../server/lifecycle.js';
import { createLogger } from '../server/logger.js';
import type { RunningServer, StartOptions } from '../server/running-server.js';
import { steerBySignals } from '../server/steering-signals.js';
import { type Command, defineCommand } from './command.js';

export const SERVER_ALIASES: readonly Alias[] = [{ flag: '--dev', option: 'mode', value: 'development' }];

export const startCommand: Command = defineCommand<ServerConfig>({
  name: 'start',
  positionals: [],
  summary: 'Runs a server until it gets SIGTERM or SIGINT.',
  details:
    'Once it serves it prints `backside ready http=HOST:PORT stomp=HOST:PORT` on standard output; messages go to stderr.\n' +
    'A first SIGTERM or SIGINT drains, a second one ends the process at once. SIGHUP reads the settings again; SIGUSR2 replaces\n' +
    'the workers one after the other, without refusing a request.',
  options: SERVER_OPTIONS,
  aliases: SERVER_ALIASES,
  configFile: true,
  run: async ({ effective: { values: config }, reread, io }) => {
    assertRunnable(config);
    await assertLegacySettings(config);
    const logger = createLogger(config, io.stderr);
    const server = await startUnlessEnded({ config, logger, reread: () => runnable(reread().values) }, io.signals);
    if (server === null) process.exit(0);
    const ended = runUntilStopped({ server, logger, drainTimeout: config.drainTimeout, processEvents: process });
    steerBySignals({ server, logger, processEvents: process });
    io.stdout.write(`${readyLine(config.host, server.ports)}\n`);
    if (config.mode === 'development') announceDevelopment(io.stderr);
    io.signals.release();
    const code = await ended;
    // Whatever a client or a library still keeps open must not keep the process alive.
    process.exit(code);
  },
});

function runnable(config: ServerConfig): ServerConfig {
  assertRunnable(config);
  return config;
}

/** Null if it was told to end before it served: then all that was opened is closed again. Ends the process with 1 if that takes too long. */
async function startUnlessEnded(
  options: Omit<StartOptions, 'ending'>,
  signals: HeldSignals,
): Promise<RunningServer | null> {
  const { config, logger } = options;
  const ending = signals.startOpening();
  let late: NodeJS.Timeout | undefined;
  ending.addEventListener('abort', () => {
    logger.info({}, (ending.reason as Error).message);
    late = setTimeout(() => process.exit(1), config.drainTimeout);
  });
  try {
    return await startServer({ ...options, ending });
  } catch (error) {
    if (!ending.aborted) throw error;
    if (error !== ending.reason) logger.warn({ err: error }, 'the start failed while it was being ended');
    return null;
  } finally {
    clearTimeout(late);
  }
}

async function startServer(options: StartOptions): Promise<RunningServer> {
  if (options.config.workers > 1) {
    const { startPrimary } = await import('../server/primary.js');
    return startPrimary(options);
  }
  const { startSingleServer } = await import('../server/single-server.js');
  const { config, logger, reread, ending } = options;
  return startSingleServer(config, logger, { reread, ending, setLevel: logger.setLevel });
}

/** `stomp` is left out by a node whose role has no STOMP port. */
function readyLine(host: string, { http, stomp }: Ports): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `backside ready http=${name}:${http}${stomp === null ? '' : ` stomp=${name}:${stomp}`}`;
}

function announceDevelopment(stderr: { write(text: string): unknown }): void {
  const lines = [
    'DEVELOPMENT MODE: without rules of your own everybody who can',
    'reach this server may read and write everything, and everybody',
    'is told why something is refused. Never use it in production.',
  ];
  const width = Math.max(...lines.map(({ length }) => length));
  const rule = '*'.repeat(width + 6);
  stderr.write(`${rule}\n${lines.map((line) => `** ${line.padEnd(width)} **\n`).join('')}${rule}\n`);
}
