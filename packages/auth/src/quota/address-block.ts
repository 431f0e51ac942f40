import { addressPrefixes } from '../throttle-address.js';

/** The part of the network that one client is taken to hold as a whole: the same as where failed sign-ins are counted. */
export function addressBlock(address: string): string {
  return addressPrefixes(address).narrow;
}
