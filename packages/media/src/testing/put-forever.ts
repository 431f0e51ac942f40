import { setTimeout } from 'node:timers/promises';
import { createFileBlobStore } from '../file-blob-store.js';

/** A process that never comes to the end of a blob: `put-forever.ts FOLDER KEY`. Prints a line once bytes are on their way to the disk. */
const [directory = '', key = ''] = process.argv.slice(2);

async function* endless(): AsyncGenerator<Uint8Array, void> {
  for (let count = 1; ; count++) {
    yield Buffer.alloc(100_000);
    if (count === 20) process.stdout.write('writing\n');
    await setTimeout(1);
  }
}

const store = await createFileBlobStore({ directory, now: Date.now });
await store.put(key, endless(), { contentType: 'application/octet-stream' });
