/**
 * The path in the one form that lists and routes look at: what was encoded without need is decoded, and there is no slash at the end. So
 * that no spelling of a path gets past a rule about it. Signatures are over the path as it was sent.
 */
export function normalPath(path: string): string {
  const plain = path.replace(/%([0-9A-Fa-f]{2})/g, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : encoded.toUpperCase();
  });
  let end = plain.length;
  while (end > 1 && plain[end - 1] === '/') end -= 1;
  return plain.slice(0, end);
}
