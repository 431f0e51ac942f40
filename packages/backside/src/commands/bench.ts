import { type LoadOptions, type LoadResult, measureFanOut, measureWrites } from '../bench/load.js';
import { startTemporaryServer } from '../bench/temporary-server.js';
import { parseServerUrl } from '../client/server-url.js';
import { connectStomp } from '../client/stomp-client.js';
import { integer, text } from '../config/option.js';
import { duration } from '../config/quantity.js';
import { CLIENT_OPTIONS } from './client-options.js';
import { type Command, defineCommand } from './command.js';

interface BenchConfig {
  readonly url: string | null;
  readonly database: string | null;
  readonly token: string | null;
  readonly duration: number;
  readonly listeners: number;
}

const GROUP = 'Load';
const PATH = '/backside-bench';

export const benchCommand: Command = defineCommand<BenchConfig>({
  name: 'bench',
  positionals: [],
  summary: 'Loads a server for some seconds and prints writes and deliveries per second, with latencies.',
  details:
    'Without --url it runs a server of its own on a temporary folder. Clients and server share this machine, so the figures\n' +
    'are a lower bound of what the server can do. With --url it writes below /backside-bench and removes it again.',
  options: {
    ...CLIENT_OPTIONS,
    url: text({
      group: 'Server',
      placeholder: 'URL',
      description: 'A running server; without one, a temporary server is run.',
    }),
    duration: duration({ group: GROUP, default: 3_000, min: 100, description: 'How long each measurement takes.' }),
    listeners: integer({ group: GROUP, default: 100, min: 1, max: 10_000, description: 'Connections that listen.' }),
  },
  run: async ({ effective: { values }, io }) => {
    const server = values.url === null ? await startTemporaryServer() : null;
    try {
      const results = await measure(values, values.url ?? server!.url);
      io.stdout.write(table(results));
    } finally {
      await server?.stop();
    }
    return 0;
  },
});

async function measure(
  { database, token, duration: durationMs, listeners }: BenchConfig,
  url: string,
): Promise<LoadResult[]> {
  const connect: LoadOptions['connect'] = () => connectStomp({ url: parseServerUrl(url), database, token });
  const options = { connect, durationMs, path: PATH };
  try {
    return [await measureWrites(options), await measureFanOut(options, listeners)];
  } finally {
    const client = await connect();
    await client.request('SEND', [['destination', PATH]], 'null');
    await client.close();
  }
}

function table(results: readonly LoadResult[]): string {
  const rows = results.map(({ name, perSecond, latencies }) => [
    name,
    Math.round(perSecond).toLocaleString('en'),
    ...[0.5, 0.99].map((share) => `${latencies.percentile(share).toFixed(1)} ms`),
  ]);
  const lines = [['', 'per second', 'median', '99 %'], ...rows];
  return lines
    .map(([name, ...cells]) => `${name!.padEnd(40)}${cells.map((cell) => cell!.padStart(12)).join('')}\n`)
    .join('');
}
