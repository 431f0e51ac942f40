/// <reference types="node" />
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashNode, matchesHash } from './hash.js';
import { type Json, nodeFromJson } from './json.js';
import { sha1 } from './sha1.js';
import { utf8Bytes, utf8Length } from './utf8.js';

const base64 = (text: string): string => createHash('sha1').update(text).digest('base64');

describe('hashNode', () => {
  it.each<[Json, string]>([
    [null, ''],
    [4, 'eVih19a6ZDz3NL32uVBtg9KSgQY='],
    [4.5623, 'vf1CL0tIRwXXunHcG/irRECk3lY='],
    ['hey guys', 'CUNLXWpCVoJE6z7z1vE57lGaKAU='],
    [true, 'E5z61QM0lN/U2WsOnusszCTkR8M='],
    [{ intNode: 4, doubleNode: 4.5623, stringNode: 'hey guys', boolNode: true }, '6Mc4jFmNdrLVIlJJjz2/MakTK9I='],
    [{ root: { c: { '.value': 99, '.priority': 'abc' }, '.priority': 'def' } }, 'Fm6tzN4CVEu5WxFDZUdTtqbTVaA='],
    [{ root: { c: { '.value': 99, '.priority': 42 }, '.priority': 3.14 } }, 'B15QCqrzCxrI5zz1y00arWqFRFg='],
  ])('of %j is the published one', (json, hash) => {
    expect(hashNode(nodeFromJson(json))).toBe(hash);
    expect(matchesHash(nodeFromJson(json), hash)).toBe(true);
  });

  it('orders children by priority, then key', () => {
    const node = nodeFromJson({
      a: { '.value': true, '.priority': 2 },
      b: { '.value': true, '.priority': 1 },
      c: true,
    });
    const [one, two] = ['3ff0000000000000', '4000000000000000'];
    const child = (text: string): string => base64(text);
    expect(hashNode(node)).toBe(
      base64(
        `:c:${child('boolean:true')}:b:${child(`priority:number:${one}:boolean:true`)}` +
          `:a:${child(`priority:number:${two}:boolean:true`)}`,
      ),
    );
  });

  it('takes minus zero as zero', () => {
    expect(hashNode(-0)).toBe(hashNode(0));
  });
});

describe('matchesHash', () => {
  const numberHash = (digits: string): string => base64(`number:${digits}`);

  it.each([
    [2 ** 53 - 1, '433fffffffffffff', '4340000000000000'],
    [-(2 ** 53 - 1), 'c33fffffffffffff', 'c340000000000000'],
    [2 ** -29, '3e20000000000000', '3e10000000000000'],
  ])('accepts the true hash of %d and the one of the JavaScript SDK', (value, ieee, sdk) => {
    expect(hashNode(value)).toBe(numberHash(ieee));
    expect(matchesHash(value, numberHash(ieee))).toBe(true);
    expect(matchesHash(value, numberHash(sdk))).toBe(true);
    expect(matchesHash(nodeFromJson({ a: value }), base64(`:a:${numberHash(sdk)}`))).toBe(true);
  });

  it('refuses any other', () => {
    expect(matchesHash(4, hashNode(5))).toBe(false);
    expect(matchesHash(4, '')).toBe(false);
    expect(matchesHash(null, '')).toBe(true);
    expect(matchesHash(null, hashNode(4))).toBe(false);
    expect(matchesHash(2 ** 53, numberHash('433fffffffffffff'))).toBe(false);
  });

  it('agrees with true IEEE for ordinary numbers, down to the smallest', () => {
    for (const value of [0, 1, -1, 0.1, 1e300, 1e-300, 5e-324, 2 ** -1022, Number.MAX_VALUE, 123456789]) {
      expect(matchesHash(value, hashNode(value))).toBe(true);
    }
  });
});

describe('sha1', () => {
  it('agrees with the platform for every length around the block size and for random bytes', () => {
    const expected = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
    for (let length = 0; length < 200; length++) {
      const bytes = new Uint8Array(length).fill(length);
      expect(Buffer.from(sha1(bytes)).toString('hex')).toBe(expected(bytes));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(Buffer.from(sha1(bytes)).toString('hex')).toBe(expected(bytes));
      }),
    );
  });
});

describe('UTF-8', () => {
  it('agrees with the platform for well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Buffer.from(utf8Bytes(text)).equals(Buffer.from(text, 'utf8'))).toBe(true);
        expect(utf8Length(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });

  it('takes a lone surrogate as three bytes', () => {
    expect(utf8Length('\ud800x\udc00')).toBe(7);
    expect([...utf8Bytes('\ud800')]).toEqual([0xed, 0xa0, 0x80]);
  });
});
