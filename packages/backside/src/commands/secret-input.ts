import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Io } from './command.js';

/** A secret that is typed, without showing it, or that comes as the first line of standard input. Rejects if there is none. */
export async function readSecret({ stdin, stderr }: Io, prompt: string): Promise<string> {
  const terminal = 'isTTY' in stdin && stdin.isTTY === true;
  if (terminal) stderr.write(`${prompt}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal });
  try {
    for await (const line of lines) if (line !== '') return line;
  } finally {
    lines.close();
    if (terminal) stderr.write('\n');
  }
  throw new Error(`${prompt}: nothing was given; type it, send it on standard input, or set BACKSIDE_PASSWORD`);
}
