import { Commit, type PackedCommits, packEncodings } from '@backside/protocol';
import type { Change } from '@backside/tree';

/** How much of a restored tree is written in one transaction: some tenths of a second of work. */
const LOAD_BYTES = 8 * 1024 * 1024;
const LOAD_ENTRIES = 50_000;
/** Entries that are encoded together. */
const PACK_ENTRIES = 1_000;

/** Has entries written load by load; the next one is gathered meanwhile. */
export async function writeLoads(
  entries: AsyncIterable<readonly Change[]>,
  write: (load: PackedCommits) => Promise<unknown>,
): Promise<void> {
  let written: Promise<unknown> = Promise.resolve();
  for await (const load of loadsOf(entries)) {
    await written;
    written = write(load);
    written.catch(() => undefined); // awaited with the next load, unless there is none because reading fails
  }
  await written;
}

/** Entries on their way to the thread that writes, in loads of about the same size, however they come. */
async function* loadsOf(entries: AsyncIterable<readonly Change[]>): AsyncGenerator<PackedCommits, undefined> {
  let packs: Uint8Array[] = [];
  let [bytes, count] = [0, 0];
  for await (const batch of entries) {
    for (const changes of slicesOf(batch)) {
      const pack = packOf(changes);
      packs.push(pack);
      bytes += pack.length;
      count += changes.length;
      if (bytes < LOAD_BYTES && count < LOAD_ENTRIES) continue;
      yield packEncodings(packs);
      packs = [];
      [bytes, count] = [0, 0];
    }
  }
  if (packs.length > 0) yield packEncodings(packs);
}

function* slicesOf(batch: readonly Change[]): Generator<readonly Change[], undefined> {
  for (let start = 0; start < batch.length; start += PACK_ENTRIES) yield batch.slice(start, start + PACK_ENTRIES);
}

/** Changes travel in the form of a commit; what else a commit says is of no account. */
function packOf(changes: readonly Change[]): Uint8Array {
  return new Commit({ revision: 0, time: 0, author: null, origin: '', changes }).encoded();
}
