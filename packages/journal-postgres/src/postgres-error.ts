import { redactUrl, withoutSecrets } from '@backside/notifier/broker';
import { BacksideError } from '@backside/protocol';

/** Whether trying again may help: the connection or the server was lost, is starting, or gave a statement up. */
export function isPassing(error: unknown): boolean {
  if (error instanceof BacksideError) return false;
  const code = sqlState(error);
  return code === null || /^(?:08|40|53300|55P03|57)/.test(code);
}

/** What the caller of a port is told. Errors of ours stay as they are; of others only the message, without secrets. */
export function unavailable(error: unknown, url: string): BacksideError {
  if (error instanceof BacksideError) return error;
  const cause = withoutSecrets(error, url);
  return new BacksideError('unavailable', `PostgreSQL at ${redactUrl(url)}: ${cause.message}`, { cause });
}

/** The five characters that the server gives an error; null for errors that are not the server's. */
function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}
