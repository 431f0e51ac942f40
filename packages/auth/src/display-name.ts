const MAX_CHARS = 100;

/** A name for people to read: without control, formatting and broken characters, at most 100 characters; undefined if nothing is left. */
export function parseDisplayName(text: string): string | undefined {
  const clean = text
    .slice(0, MAX_CHARS * 4)
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '')
    .trim();
  const cut = Array.from(clean).slice(0, MAX_CHARS).join('').trim();
  return cut === '' ? undefined : cut;
}
