import { expect, it } from 'vitest';
import { entrySizes } from '../build/entry-sizes.js';

it('no entry takes more in a browser than it may', async () => {
  const sizes = await entrySizes();
  expect(sizes.map(({ entry }) => entry.name)).toEqual(
    expect.arrayContaining(['core, with its transport', 'offline', 'auth', 'presence', 'react']),
  );
  expect(sizes.filter(({ fits }) => !fits).map(({ entry, gzippedBytes }) => `${entry.name}: ${gzippedBytes}`)).toEqual(
    [],
  );
});
