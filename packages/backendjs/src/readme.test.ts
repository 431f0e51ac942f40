import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SETTINGS } from './single-settings.js';

const place = new URL('../README.md', import.meta.url);
const readme = readFileSync(place, 'utf8');
/** `[file](path) › title` at the end of a row. */
const NAMED_TEST = /\]\((\S+\.test\.ts)\) › (.+) \|$/gm;

test('the README lists every setting', () => {
  const missing = Object.values(SETTINGS).filter(({ name }) => !readme.includes(`| \`${name}\` |`));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test('the tests that it names are there', () => {
  const named = [...readme.matchAll(NAMED_TEST)].map(([, file, title]) => ({ file: file!, title: title! }));
  expect(named.length).toBeGreaterThan(20);
  const missing = named.filter(({ file, title }) => !readFileSync(new URL(file, place), 'utf8').includes(`'${title}'`));
  expect(missing).toEqual([]);
});
