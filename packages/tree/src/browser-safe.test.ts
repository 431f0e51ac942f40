/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const FOLDER = new URL('./', import.meta.url);
const SOURCES = readdirSync(FOLDER).filter((file) => file.endsWith('.ts') && !/\.(?:test|bench)\.ts$/.test(file));
/** What only some platforms have; tests bring the types of Node with them, so the compiler does not see these. */
const PLATFORM =
  /\b(?:process\.|Buffer\b|require\(|console\.|Date\.now|Math\.random|setTimeout|TextEncoder|globalThis)/;

it.each(SOURCES)('%s needs nothing but the language', (file) => {
  const code = readFileSync(new URL(file, FOLDER), 'utf8');
  expect(code.match(PLATFORM)).toBeNull();
  for (const [, source] of code.matchAll(/from '([^']+)'/g)) expect(source).toMatch(/^\.\/[a-z0-9-]+\.js$/);
});
