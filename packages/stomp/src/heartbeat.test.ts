import { describe, expect, it } from 'vitest';
import {
  beatAfterMs,
  formatHeartbeat,
  MAX_HEARTBEAT_MS,
  negotiateHeartbeat,
  parseHeartbeat,
  silenceLimitMs,
} from './heartbeat.js';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

describe('heart-beats', () => {
  it('reads an offer, and takes none for 0,0', () => {
    expect(parseHeartbeat('1000,2000')).toEqual({ sendMs: 1000, receiveMs: 2000 });
    expect(parseHeartbeat(undefined)).toEqual({ sendMs: 0, receiveMs: 0 });
  });

  it.each(['abc', '1', '-1,5', '1,2,3', '', ',', '1, 2', '1.5,2', '١,٢'])('does not read "%s"', (text) => {
    expect(parseHeartbeat(text)).toBeNull();
  });

  it('cuts huge numbers so that no timer made of them overflows', () => {
    const offer = parseHeartbeat(`4294967296,${'9'.repeat(500)}`);
    expect(offer).toEqual({ sendMs: MAX_HEARTBEAT_MS, receiveMs: MAX_HEARTBEAT_MS });
    expect(silenceLimitMs(MAX_HEARTBEAT_MS) * 2).toBeLessThanOrEqual(LONGEST_TIMER_MS);
  });

  it('agrees on the longer wish in each direction, and on nothing if one side does not take part', () => {
    const server = { sendMs: 10_000, receiveMs: 5_000 };
    expect(negotiateHeartbeat(server, { sendMs: 4_000, receiveMs: 20_000 })).toEqual({
      sendMs: 20_000,
      receiveMs: 5_000,
    });
    expect(negotiateHeartbeat(server, { sendMs: 7_000, receiveMs: 1 })).toEqual({ sendMs: 10_000, receiveMs: 7_000 });
    expect(negotiateHeartbeat(server, { sendMs: 0, receiveMs: 0 })).toEqual({ sendMs: 0, receiveMs: 0 });
    expect(negotiateHeartbeat({ sendMs: 0, receiveMs: 0 }, { sendMs: 1, receiveMs: 1 })).toEqual({
      sendMs: 0,
      receiveMs: 0,
    });
  });

  it('is agreed alike by both ends', () => {
    const one = { sendMs: 300, receiveMs: 700 };
    const two = { sendMs: 500, receiveMs: 200 };
    const seenByOne = negotiateHeartbeat(one, two);
    expect(negotiateHeartbeat(two, one)).toEqual({ sendMs: seenByOne.receiveMs, receiveMs: seenByOne.sendMs });
  });

  it('sends early and waits long', () => {
    expect(beatAfterMs(1000)).toBe(800);
    expect(silenceLimitMs(1000)).toBe(2000);
  });

  it('writes an offer as it reads it', () => {
    expect(formatHeartbeat({ sendMs: 1, receiveMs: 0 })).toBe('1,0');
  });
});
