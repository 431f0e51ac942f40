import { expect, it } from 'vitest';
import { LIMITS_BEFORE_CONNECT } from './limits.js';
import { cut, octetsOf, read, readPieces } from './read-frames-fixture.js';
import type { Version } from './version.js';

/** How many mutated frames are tried; more by `FUZZ_FRAMES=10000000`. */
const FRAMES = Number(process.env.FUZZ_FRAMES ?? 100_000);
const SEEDS = [1, 20_260, 0xbac_51de, 0x5703];
const VERSIONS: readonly (Version | null)[] = [null, '1.0', '1.1', '1.2'];

const VALID = [
  'CONNECT\naccept-version:1.0,1.1,1.2\nhost:a\nheart-beat:1000,1000\nlogin:bob\npasscode:x:y\\z\n\n\0\n',
  'SEND\ndestination:/users/bob\ncontent-type:application/json\nreceipt:r-1\ncontent-length:10\n\n{"a":"ü"}\0\n',
  'SEND\r\ndestination:/a\\cb\\n\\\\\r\n\r\nno length\0\r\n',
  'SUBSCRIBE\nid:0\ndestination:/users\nack:client-individual\nquery:{"orderBy"\\c"$key"}\n\n\0',
  'DISCONNECT\nreceipt:77\n\0',
].map(octetsOf);
const INTERESTING = [0, 10, 13, 32, 58, 92, 48, 57, 99, 110, 114, 116, 0x80, 0xc3, 0xff];

/** A small generator of equally spread numbers below `bound`, the same for the same seed. */
function generator(seed: number): (bound: number) => number {
  let state = seed | 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

function mutate(frame: Uint8Array, below: (bound: number) => number): Uint8Array {
  const octets = Array.from(frame);
  for (let count = 1 + below(4); count > 0; count--) {
    const place = below(octets.length + 1);
    const octet = below(2) === 0 ? INTERESTING[below(INTERESTING.length)]! : below(256);
    const kind = below(5);
    if (kind === 0) octets[place] = octet;
    else if (kind === 1) octets.splice(place, 0, octet);
    else if (kind === 2) octets.splice(place, 1 + below(4));
    else if (kind === 3) octets.splice(place, 0, ...octets.slice(below(octets.length + 1), below(octets.length + 1)));
    else octets[place] = (octets[place] ?? 0) ^ (1 << below(8));
  }
  return Uint8Array.from(octets);
}

it.each(SEEDS)(
  'mutated frames (seed %i) are read or refused, alike however they are cut',
  { timeout: 600_000 },
  (seed) => {
    const below = generator(seed);
    for (let count = FRAMES / SEEDS.length; count > 0; count--) {
      const octets = mutate(VALID[below(VALID.length)]!, below);
      const version = VERSIONS[below(VERSIONS.length)]!;
      const whole = read(octets, version, LIMITS_BEFORE_CONNECT);
      const pieces = cut(octets, [below(octets.length + 1), below(octets.length + 1)]);
      const inPieces = readPieces(pieces, version, LIMITS_BEFORE_CONNECT);
      if (inPieces.frames.length !== whole.frames.length || inPieces.error?.message !== whole.error?.message) {
        expect({ octets, version, ...inPieces }).toEqual({ octets, version, ...whole });
      }
    }
    for (const octets of VALID) expect(read(octets, '1.2').error).toBeUndefined();
  },
);

it('what a dead or waiting parser holds is bounded', () => {
  const below = generator(7);
  const piece = Uint8Array.from({ length: 4096 }, () => 0x20 + below(90));
  for (const start of ['', 'SEND\n', 'SEND\na:', 'SEND\n\n', 'SEND\ncontent-length:16000\n\n']) {
    const pieces = [octetsOf(start), ...Array.from({ length: 64 }, () => piece)];
    expect(readPieces(pieces, '1.2', LIMITS_BEFORE_CONNECT).error).toBeDefined();
  }
});
