import { withoutSecrets } from '@backside/notifier/broker';

/** What went wrong with a server, and why, in one line without the secrets of its URL. */
export function reasonOf(error: unknown, url: string): string {
  const { message } = withoutSecrets(error, url);
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error) || cause.message === '') return message;
  const why = withoutSecrets(cause, url).message;
  return message.includes(why) ? message : `${message}: ${why}`;
}
