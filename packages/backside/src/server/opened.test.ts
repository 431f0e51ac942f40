import { expect, test } from 'vitest';
import { Opened } from './opened.js';

test('closes in the opposite order, once', async () => {
  const closed: string[] = [];
  const opened = new Opened();
  const first = opened.add({ name: 'first', close: async () => void closed.push('first') });
  opened.onClose(async () => void closed.push('second'));
  expect(first.name).toBe('first');
  await opened.close();
  await opened.close();
  expect(closed).toEqual(['second', 'first']);
});

test('closes the rest although something cannot be closed, and says so then', async () => {
  const closed: string[] = [];
  const opened = new Opened();
  opened.onClose(async () => void closed.push('first'));
  opened.onClose(() => Promise.reject(new Error('stuck')));
  await expect(opened.close()).rejects.toThrow('stuck');
  expect(closed).toEqual(['first']);
});
