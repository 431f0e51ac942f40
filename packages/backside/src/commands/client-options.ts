import { parseServerUrl } from '../client/server-url.js';
import { connectStomp, type StompClient } from '../client/stomp-client.js';
import { choice, type Option, type OptionTable, requiredText, text } from '../config/option.js';

/** How a command reaches a server. */
export interface ClientConfig {
  readonly url: string;
  readonly database: string | null;
  readonly token: string | null;
}

const SERVER = 'Server';

export const CLIENT_OPTIONS: OptionTable<ClientConfig> = {
  url: requiredText({
    group: SERVER,
    default: 'stomp://127.0.0.1:5001',
    placeholder: 'URL',
    description:
      'The server: stomp://, stomps://, ws:// or wss:// with host and port, or host:port for STOMP over TCP.',
  }),
  database: text({
    group: SERVER,
    placeholder: 'NAME',
    description: "The database; the server's first one if not given.",
  }),
  token: text({
    group: SERVER,
    secret: true,
    description: 'The token to sign in with; better given in the environment.',
  }),
};

export const FORMAT_OPTION: Option<'val' | 'export'> = choice(['val', 'export'], {
  group: 'Output',
  default: 'val',
  description: '`val` leaves priorities out, `export` holds everything.',
});

/** Connects, runs, and says goodbye whatever happens. */
export async function withClient<Result>(
  { url, database, token }: ClientConfig,
  run: (client: StompClient) => Promise<Result>,
): Promise<Result> {
  const client = await connectStomp({ url: parseServerUrl(url), database, token });
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}
