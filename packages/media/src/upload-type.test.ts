import { describe, expect, it } from 'vitest';
import { uploadType } from './upload-type.js';

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const TEXT = Buffer.from('hello');

describe('the type of a file', () => {
  it.each<[string | undefined, Buffer, string, boolean]>([
    [undefined, PNG, 'image/png', true],
    ['', PNG, 'image/png', true],
    ['application/octet-stream', PNG, 'image/png', true],
    ['image/png', PNG, 'image/png', true],
    ['IMAGE/PNG; x=y', PNG, 'image/png', true],
    ['image/jpg', Buffer.from('ffd8ffe0', 'hex'), 'image/jpeg', true],
    [undefined, TEXT, 'application/octet-stream', false],
    ['text/plain', TEXT, 'text/plain', false],
    ['text/plain; charset=UTF-8', TEXT, 'text/plain; charset=utf-8', false],
    ['text/plain; charset=utf-7', TEXT, 'text/plain', false],
    ['Application/JSON; charset=utf-8', TEXT, 'application/json', false],
    ['image/svg+xml', Buffer.from('<svg/>'), 'image/svg+xml', false],
  ])('declared %j', (declared, head, type, isImage) => {
    expect(uploadType(declared, head)).toEqual({ type, isImage });
  });

  it.each<[string, Buffer]>([
    ['image/png', TEXT],
    ['image/gif', PNG],
    ['text/html', PNG],
    ['nonsense', TEXT],
    ['text/', TEXT],
    ['text/html\r\nx: y', TEXT],
    ['a/b/c', TEXT],
    [`text/${'x'.repeat(200)}`, TEXT],
  ])('declared %j is refused', (declared, head) => {
    expect(() => uploadType(declared, head)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });
});
