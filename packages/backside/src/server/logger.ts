import type { Writable } from 'node:stream';
import type { Logger } from '@backside/protocol';
import { pino } from 'pino';
import type { ServerConfig } from '../config/server-options.js';

type LogConfig = Pick<ServerConfig, 'mode' | 'logLevel' | 'logFormat'>;

/** A logger whose level can be changed while it is used, also by those that have it already. */
export interface AdjustableLogger extends Logger {
  setLevel(level: ServerConfig['logLevel']): void;
}

/** Logs to `stream`: JSON lines as pino writes them, or a readable line per message. */
export function createLogger({ mode, logLevel, logFormat }: LogConfig, stream: Writable): AdjustableLogger {
  const readable = logFormat === 'line' || (logFormat === 'auto' && mode === 'development');
  const target = readable ? { write: (line: string) => stream.write(readableLine(line)) } : stream;
  const logger = pino({ level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, target);
  const setLevel = (level: ServerConfig['logLevel']): void => {
    logger.level = level;
  };
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    setLevel,
  };
}

/** The logger with more fields in every message. */
export function withFields(logger: Logger, fields: Readonly<Record<string, unknown>>): Logger {
  return {
    debug: (more, message) => logger.debug({ ...fields, ...more }, message),
    info: (more, message) => logger.info({ ...fields, ...more }, message),
    warn: (more, message) => logger.warn({ ...fields, ...more }, message),
    error: (more, message) => logger.error({ ...fields, ...more }, message),
  };
}

/** `12:34:56.789 warn  message field=value`. */
function readableLine(json: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const label = pino.levels.labels[Number(level)] ?? String(level);
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${readableValue(value)}`);
  const stack = isStack(err) ? `\n${err.stack}` : '';
  return `${String(time).slice(11, 23)} ${label.padEnd(5)} ${String(msg)}${pairs.join('')}${stack}\n`;
}

function readableValue(value: unknown): string {
  return typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value);
}

function isStack(value: unknown): value is { stack: string } {
  return typeof value === 'object' && value !== null && 'stack' in value;
}
