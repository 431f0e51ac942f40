import { expect, it } from 'vitest';
import { isAmongMost } from './cluster-view.js';

function nodes(...lines: string[]): string {
  return lines.map((line, index) => `${index}abc 127.0.0.1:${index}@1${index},, ${line} 1 0-5460`).join('\n');
}

it('is so in a cluster that is whole, whoever asks', () => {
  expect(isAmongMost(nodes('myself,master - 0 0 1 connected'))).toBe(true);
  const replica = 'myself,slave 1abc 0 0 1 connected';
  expect(isAmongMost(nodes(replica, 'master - 0 0 1 connected', 'master - 0 0 1 connected'))).toBe(true);
});

it('is so while fewer than half of the masters are away', () => {
  const [self, other] = ['myself,master - 0 0 1 connected', 'master - 0 0 1 connected'];
  expect(isAmongMost(nodes(self, other, 'master,fail - 0 0 1 disconnected'))).toBe(true);
  expect(isAmongMost(nodes(self, 'master,fail? - 0 0 1 connected', 'master - 0 0 1 disconnected'))).toBe(false);
  expect(isAmongMost(nodes(self, other, 'master,fail? - 0 0 1 connected', 'master,fail - 0 0 1 connected'))).toBe(
    false,
  );
});

it('does not count nodes that are only being met', () => {
  expect(isAmongMost(nodes('myself,master - 0 0 1 connected', 'handshake,master - 0 0 1 disconnected'))).toBe(true);
});
