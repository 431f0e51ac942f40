import { BacksideError } from '@backside/protocol';

const MIB = 1024 * 1024;

/** How large a write may be; `unlimited` is what `importBody` takes. */
export type WriteSize = 'tiny' | 'small' | 'medium' | 'large' | 'unlimited';

/** How much text a write of each size may have, in bytes. Firebase limits the time that a write takes instead: 1, 10, 30 and 60 s. */
const MAX_BYTES: Readonly<Record<WriteSize, number>> = {
  tiny: MIB,
  small: 4 * MIB,
  medium: 8 * MIB,
  large: 16 * MIB,
  unlimited: Number.POSITIVE_INFINITY,
};

export const WRITE_SIZES: readonly WriteSize[] = ['tiny', 'small', 'medium', 'large', 'unlimited'];

/** Null stays null. Throws `invalid-query`. */
export function parseWriteSize(text: string | null): WriteSize | null {
  if (text === null) return null;
  const size = WRITE_SIZES.find((candidate) => candidate === text);
  if (size === undefined) throw new BacksideError('invalid-query', `writeSizeLimit must be ${WRITE_SIZES.join(', ')}`);
  return size;
}

/** What the size allows, if that is less than what the server does. */
export function maxBytesOf(size: WriteSize | null, maxBodyBytes: number): number {
  return size === null ? maxBodyBytes : Math.min(maxBodyBytes, MAX_BYTES[size]);
}
