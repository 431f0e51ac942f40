/** A version of the protocol that this package speaks. */
export type Version = '1.0' | '1.1' | '1.2';

/** Every version, lowest first; joined with commas it is the `version` header of a refused negotiation. */
export const VERSIONS: readonly Version[] = ['1.0', '1.1', '1.2'];

/**
 * The highest version that both sides speak, or null if there is none. A missing `accept-version` means 1.0. The list
 * need not be sorted, and blanks around its items are ignored.
 */
export function negotiateVersion(acceptVersion: string | undefined): Version | null {
  if (acceptVersion === undefined) return '1.0';
  const offered = acceptVersion.split(',').map((item) => item.trim());
  return VERSIONS.findLast((version) => offered.includes(version)) ?? null;
}
