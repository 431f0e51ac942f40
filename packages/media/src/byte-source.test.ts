import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { limited, peek } from './byte-source.js';

/** Pieces, and whether somebody has let go of them. */
function watched(...pieces: readonly string[]) {
  const state = { released: false };
  const source = (async function* () {
    try {
      for (const piece of pieces) yield Buffer.from(piece);
    } finally {
      state.released = true;
    }
  })();
  return { source, state };
}

describe('a look at the first bytes', () => {
  it.each([
    ['fewer than there are', 3],
    ['as many as there are', 6],
    ['more than there are', 9],
    ['none', 0],
  ])('takes nothing from the source: %s', async (_, count) => {
    const { source, state } = watched('ab', 'cd', 'ef');
    const { seen, all } = await peek(source, count, String);
    expect(seen).toBe('abcdef'.slice(0, count));
    expect(await text(all)).toBe('abcdef');
    expect(state.released).toBe(true);
  });

  it('that does not like them releases the source, through what stands before it', async () => {
    const { source, state } = watched('ab', 'cd', 'ef');
    const looking = peek(limited(source, 100), 2, () => {
      throw new Error('not these');
    });
    await expect(looking).rejects.toThrow('not these');
    expect(state.released).toBe(true);
  });

  it('after which nobody wants the rest releases the source', async () => {
    const { source, state } = watched('ab', 'cd', 'ef');
    const { all } = await peek(source, 2, String);
    for await (const _ of all) break;
    expect(state.released).toBe(true);
  });
});
