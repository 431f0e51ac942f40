import { isIPv4, isIPv6 } from 'node:net';

/** The parts of an address that one attacker is taken to hold as a whole. */
export interface AddressPrefixes {
  /** One household or machine: an IPv4 address, or an IPv6 /64. */
  readonly narrow: string;
  /** One customer of a network: an IPv4 address, or an IPv6 /48. */
  readonly wide: string;
}

/** An IPv4 address written in IPv6 counts as IPv4. What is no address counts as one of its own. */
export function addressPrefixes(address: string): AddressPrefixes {
  const bare = address.replace(/%.*$/, '');
  if (isIPv4(bare) || !isIPv6(bare)) return { narrow: bare, wide: bare };
  const groups = expandIPv6(bare);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const mapped = [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.');
    return { narrow: mapped, wide: mapped };
  }
  return { narrow: `${hex(groups.slice(0, 4))}::/64`, wide: `${hex(groups.slice(0, 3))}::/48` };
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

/** The eight groups of a valid IPv6 address. */
function expandIPv6(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const left = groupsOf(head);
  if (tail === undefined) return left;
  const right = groupsOf(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
