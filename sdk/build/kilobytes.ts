/** `12.3 KB`, of 1024 bytes each. */
export function inKilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}
