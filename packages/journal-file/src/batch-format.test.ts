import { describe, expect, it } from 'vitest';
import { BATCH_MARK, batchBytes, HEAD_BYTES, parseBatch, parseHead, writeBatch } from './batch-format.js';

const PAYLOADS = ['{"r":1}', '', '{"r":"é"}'].map((text) => Buffer.from(text));

describe('batch format', () => {
  it('gives back what it wrote, at any offset', () => {
    const bytes = Buffer.alloc(batchBytes(PAYLOADS) + 20, 7);
    const end = writeBatch(bytes, 13, { payloads: PAYLOADS, firstRevision: 2 ** 40 + 3, durableRevision: 2 ** 40 });
    expect(end).toBe(13 + batchBytes(PAYLOADS));
    const parsed = parseBatch(bytes, 13);
    if (parsed.kind !== 'batch') throw new Error(parsed.kind);
    expect(parsed.batch).toMatchObject({
      count: 3,
      firstRevision: 2 ** 40 + 3,
      durableRevision: 2 ** 40,
      totalBytes: end - 13,
    });
    expect(parsed.batch.records().map(String)).toEqual(PAYLOADS.map(String));
  });

  it('asks for more bytes until it has them all, step by step', () => {
    const bytes = batchOf(PAYLOADS);
    let have = 0;
    const asked: number[] = [];
    for (
      let parsed = parseBatch(bytes.subarray(0, have), 0);
      parsed.kind === 'partial';
      parsed = parseBatch(bytes.subarray(0, have), 0)
    ) {
      have = parsed.neededBytes;
      asked.push(have);
    }
    expect(asked).toEqual([HEAD_BYTES, HEAD_BYTES + 12, bytes.length]);
  });

  it('recognises every flipped bit', () => {
    const bytes = batchOf(PAYLOADS);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = damaged[bit >> 3]! ^ (1 << (bit & 7));
      expect(parseBatch(damaged, 0).kind).not.toBe('batch');
    }
  });

  it('writes a seal that has no records', () => {
    const parsed = parseBatch(batchOf([]), 0);
    if (parsed.kind !== 'batch') throw new Error(parsed.kind);
    expect(parsed.batch).toMatchObject({ count: 0, bodyBytes: 0, totalBytes: HEAD_BYTES });
    expect(parsed.batch.records()).toEqual([]);
  });

  it('marks batches with bytes that no text in UTF-8 holds', () => {
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(BATCH_MARK)).toThrow();
    expect(parseHead(batchOf(PAYLOADS), 1)).toBeNull();
  });
});

function batchOf(payloads: readonly Buffer[]): Buffer {
  const bytes = Buffer.alloc(batchBytes(payloads));
  writeBatch(bytes, 0, { payloads, firstRevision: 5, durableRevision: 4 });
  return bytes;
}
