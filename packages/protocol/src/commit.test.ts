import { nodeFromJson, parsePath } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { Commit, decodeCommit } from './commit.js';

const fields = {
  revision: 7,
  time: 1_700_000_000_000,
  author: 'bob',
  origin: 'node-a',
  changes: [
    { path: parsePath('/users/__proto__'), value: nodeFromJson({ '.value': 'x"\n', '.priority': 2 }) },
    { path: parsePath('/list'), value: nodeFromJson(['a', null, 'c']) },
    { path: parsePath('/gone'), value: null },
    { path: parsePath('/users/.priority'), value: 'p' },
  ],
};

describe('a commit', () => {
  it('reads back from its encoding as it was', () => {
    const all = { ...fields, headers: [['a', 'b'] as const], idempotencyKey: 'u:bob/k', prior: [null, 1, true, null] };
    const commit = new Commit(all);
    expect({ ...decodeCommit(commit.encoded()) }).toEqual({ ...commit });
  });

  it('without headers, key and prior values has none after decoding', () => {
    const decoded = decodeCommit(new Commit(fields).encoded());
    expect([decoded.headers, decoded.idempotencyKey, decoded.prior]).toEqual([undefined, undefined, undefined]);
  });

  it('is encoded once, and keeps the bytes it was decoded from', () => {
    const commit = new Commit(fields);
    expect(commit.encoded()).toBe(commit.encoded());
    expect(decodeCommit(commit.encoded()).encoded()).toBe(commit.encoded());
  });

  it.each(['', '{}', '{"r":1', '\u0000'])('is refused when the bytes are none: %j', (text) => {
    expect(() => decodeCommit(new TextEncoder().encode(text))).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
