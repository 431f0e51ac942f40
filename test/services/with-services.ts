/**
 * Runs a command with a server of every kind, each on the loopback with new data, named in the command's environment:
 * `node --import tsx --conditions=source test/services/with-services.ts npm test`. Ends with the command's exit code.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ServiceName, sharedService } from './index.js';
import { PROGRAMS } from './programs.js';

/** Those that the environment names already are used as they are; those that cannot be had are left out, with a line on stderr. */
export async function withServices(
  names: readonly ServiceName[],
  [command, ...args]: readonly string[],
): Promise<number> {
  if (command === undefined) throw new Error('which command?');
  const started = await Promise.allSettled(names.map((name) => sharedService(name)));
  const services = started.flatMap((outcome) =>
    outcome.status === 'fulfilled' && outcome.value ? [outcome.value] : [],
  );
  try {
    const env: Record<string, string> = {};
    for (const [index, outcome] of started.entries()) {
      if (outcome.status === 'rejected') throw outcome.reason;
      if (outcome.value !== null) env[PROGRAMS[names[index]!].variable] = outcome.value.url;
    }
    for (const [variable, url] of Object.entries(env)) process.stdout.write(`${variable}=${url}\n`);
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    const [code] = (await once(child, 'close')) as [number | null];
    return code ?? 1;
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await withServices(Object.keys(PROGRAMS) as ServiceName[], process.argv.slice(2));
}
