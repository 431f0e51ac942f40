/** Sixty-four characters in ASCII order, so that ids sort as what they spell does. */
const ALPHABET = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const TIME_LENGTH = 8;
const RANDOM_LENGTH = 12;

/**
 * A source of keys for `push`: 20 characters, the first eight the time in milliseconds, the rest random. Keys of one source
 * strictly ascend: within a millisecond, and should the clock go back, the random part counts up instead of being drawn anew.
 */
export function createPushIds(sources: { now(): number; random(): number }): () => string {
  const digits = new Array<number>(RANDOM_LENGTH).fill(0);
  let last = -1;
  return () => {
    const now = Math.floor(sources.now());
    if (now > last) {
      last = now;
      for (let i = 0; i < RANDOM_LENGTH; i++) digits[i] = Math.floor(sources.random() * 64);
    } else if (!increment(digits)) {
      last++;
    }
    return formatTime(last) + digits.map((digit) => ALPHABET.charAt(digit)).join('');
  };
}

/** Adds one to the last digit, carrying; false if all digits were at their highest and are zero now. */
function increment(digits: number[]): boolean {
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = digits[i] as number;
    digits[i] = (digit + 1) % 64;
    if (digit < 63) return true;
  }
  return false;
}

function formatTime(timeMs: number): string {
  let text = '';
  let rest = timeMs;
  for (let i = 0; i < TIME_LENGTH; i++) {
    text = ALPHABET.charAt(rest % 64) + text;
    rest = Math.floor(rest / 64);
  }
  return text;
}
