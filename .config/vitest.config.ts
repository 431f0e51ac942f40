import { defineConfig } from 'vitest/config';

const conditions = ['source', 'node'];
const common = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
} as const;

/** Four projects: `unit` beside the code, `conformance` (black box), `e2e` (whole servers, real clients), `load` (under stress and faults). */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [
      {
        ...common,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'sdk/src/**/*.test.{ts,tsx}'],
          testTimeout: 30_000,
          // Most of the slow ones wait for a server; the shape of a run is the same on every machine.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...common,
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...common,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        ...common,
        test: {
          name: 'load',
          include: ['test/load/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
