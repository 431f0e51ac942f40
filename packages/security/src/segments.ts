/** Deeper than any tree: what lies below is missing anyway. */
const MAX_SEGMENTS = 1_024;

/** Appends the keys that a slash-separated text names. Empty pieces do not count; what goes on for too long names nothing. */
export function pushSegments(keys: string[], text: string): void {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('/', start);
    if (end === -1) end = text.length;
    if (end > start) keys.push(text.slice(start, end));
    if (keys.length > MAX_SEGMENTS) {
      keys.push('');
      return;
    }
    start = end + 1;
  }
}

export function segmentsOf(text: string): string[] {
  const keys: string[] = [];
  pushSegments(keys, text);
  return keys;
}
