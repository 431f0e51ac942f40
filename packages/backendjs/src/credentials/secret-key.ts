import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { BacksideError } from '@backside/protocol';

const KEY_BYTES = 32;
const LOOKS = 50;
const LOOK_MS = 20;

/**
 * The key that signing secrets are encrypted with: 32 bytes in base64, in a file that only its owner can read. Made if there is none; of
 * several processes that come at once one makes it, and all get the same. Throws `invalid-data` if the file holds something else.
 */
export async function openSecretKey(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'wx', 0o600);
    const key = randomBytes(KEY_BYTES);
    try {
      await handle.writeFile(`${key.toString('base64')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return key;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return readKey(file);
  }
}

/** A key from a setting. Throws `invalid-data` unless it is 32 bytes in base64. */
export function parseSecretKey(text: string): Uint8Array {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== KEY_BYTES) throw new BacksideError('invalid-data', `A secret key is ${KEY_BYTES} bytes in base64`);
  return key;
}

/** Who made the file may still be about to write it. */
async function readKey(file: string): Promise<Uint8Array> {
  for (let look = 0; look < LOOKS; look++) {
    const text = await readFile(file, 'utf8');
    if (text.endsWith('\n')) return parseSecretKey(text);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new BacksideError('invalid-data', `${file} holds no whole key`);
}
