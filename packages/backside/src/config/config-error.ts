/**
 * A command line or configuration that cannot be used. The message names the problem and the place: the flag, the
 * environment variable, or the file with the path inside it. The process ends with code 2.
 */
export class ConfigError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ConfigError';
  }
}

/** `; did you mean …?` for the known name closest to a mistyped one, or nothing if none is close. */
export function suggestion(mistyped: string, known: Iterable<string>): string {
  let best: string | null = null;
  let bestDistance = Math.min(3, Math.ceil(mistyped.length / 3));
  for (const name of known) {
    const distance = editDistance(mistyped, name);
    if (distance <= bestDistance && (best === null || distance < bestDistance)) {
      best = name;
      bestDistance = distance;
    }
  }
  return best === null ? '' : `; did you mean ${best}?`;
}

/** How many letters must be added, dropped or replaced to get from one text to the other. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}
