const ENCODER = new TextEncoder();

/** Memory that short texts share: an ArrayBuffer for each would cost more than its encoding. */
const SLAB_BYTES = 64 * 1024;
/** Longer texts get memory of their own, so that one that is kept does not keep much else. */
const MAX_SHARED_CHARACTERS = 1024;
/** UTF-8 octets of a UTF-16 unit at most. */
const MAX_OCTETS_PER_UNIT = 3;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** The text in UTF-8. Short ones are views of shared memory, so callers must neither write into nor transfer their buffer. */
export function encodeUtf8(text: string): Uint8Array {
  if (text.length > MAX_SHARED_CHARACTERS) return ENCODER.encode(text);
  if (used + text.length * MAX_OCTETS_PER_UNIT > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const start = used;
  used += ENCODER.encodeInto(text, slab.subarray(start)).written;
  return slab.subarray(start, used);
}
