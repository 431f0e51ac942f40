import { describe, expect, it } from 'vitest';
import { addressPrefixes } from './throttle-address.js';

describe('prefixes of addresses', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:db8:1::5', '2001:db8:1:0::/64', '2001:db8:1::/48'],
    ['2001:db8:1:2::192.0.2.7', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
    ['::', '0:0:0:0::/64', '0:0:0::/48'],
    ['::1', '0:0:0:0::/64', '0:0:0::/48'],
    ['1::', '1:0:0:0::/64', '1:0:0::/48'],
    ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7', '192.0.2.7'],
    ['unix:/run/socket', 'unix:/run/socket', 'unix:/run/socket'],
    ['', '', ''],
  ])('of %s', (address, narrow, wide) => {
    expect(addressPrefixes(address)).toEqual({ narrow, wide });
  });
});
