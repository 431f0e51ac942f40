const TIME_DIGITS = 15;

/** A key that sorts by time (milliseconds since the epoch), then by id. */
export function placeOf(timeMs: number, id: string): string {
  const whole = Math.min(10 ** TIME_DIGITS - 1, Math.max(0, Math.floor(timeMs)));
  return `${String(whole).padStart(TIME_DIGITS, '0')}-${id}`;
}

/** The time and the id that a key of `placeOf` was made of. */
export function parsePlace(place: string): { timeMs: number; id: string } {
  return { timeMs: Number(place.slice(0, TIME_DIGITS)), id: place.slice(TIME_DIGITS + 1) };
}
