import { describe, expect, it } from 'vitest';
import { HOSTILE_NAMES } from './heard.js';
import { assertPrefix, broadcastTopicOf, topicOf } from './topics.js';

describe('the topic of a database', () => {
  it('has no letter that means anything to a broker, and fits into every one', () => {
    for (const name of HOSTILE_NAMES) {
      expect(topicOf('p'.repeat(64), name)).toMatch(/^p{64}\.[A-Za-z0-9_-]{1,102}$/);
    }
  });

  it('is another one for every name, and never that of all databases', () => {
    const names = [
      ...HOSTILE_NAMES,
      '\ud800',
      '\ud801',
      '\ufffd',
      'h-main',
      `h-${'A'.repeat(43)}`,
      'x'.repeat(100),
      'x'.repeat(101),
    ];
    const topics = [broadcastTopicOf('p'), ...names.map((name) => topicOf('p', name))];
    expect(new Set(topics).size).toBe(topics.length);
  });

  it('stays the same from version to version', () => {
    expect(topicOf('backside', 'main')).toBe('backside.n-main');
    expect(topicOf('backside', 'a.b')).toBe('backside.h-hIiFopNJGlCBs2E4Seh6lQ3zBZ7sTpy7s7ed1NLVqoE');
    expect(broadcastTopicOf('backside')).toBe('backside.all');
  });

  it('takes no prefix that means anything to a broker', () => {
    for (const prefix of ['', 'a.b', '#', '*', '>', 'a b', 'x'.repeat(65)]) {
      expect(() => assertPrefix(prefix)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
    }
    assertPrefix('backside-2_test');
  });
});
