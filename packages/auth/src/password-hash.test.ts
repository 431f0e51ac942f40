import { hash as bcryptHash } from 'bcrypt';
import { beforeAll, describe, expect, it } from 'vitest';
import { createPasswordHasher, isImportableHash, type PasswordHasher } from './password-hash.js';

describe('password hashes', () => {
  let hasher: PasswordHasher;
  beforeAll(async () => {
    hasher = await createPasswordHasher({ cost: 10 });
  });
  const matches = async (password: string, stored: string | null): Promise<boolean> =>
    (await hasher.verify(password, stored)).matches;

  it('match the password that they were made of, and no other', async () => {
    const stored = await hasher.hash('correct horse');
    expect(await hasher.verify('correct horse', stored)).toEqual({ matches: true, outdated: false });
    expect(await matches('correct horsf', stored)).toBe(false);
    expect(stored).not.toBe(await hasher.hash('correct horse'));
  });

  it('see every byte: beyond the 72nd, and behind a NUL', async () => {
    const long = await hasher.hash(`${'x'.repeat(72)}a`);
    expect(await matches(`${'x'.repeat(72)}b`, long)).toBe(false);
    expect(await matches(`${'x'.repeat(72)}a`, long)).toBe(true);
    const nul = await hasher.hash('abc\0right');
    expect(await matches('abc\0wrong', nul)).toBe(false);
    expect(await matches('abc', nul)).toBe(false);
    expect(await matches('abc\0right', nul)).toBe(true);
  });

  it('are the same for two spellings of one text in Unicode', async () => {
    expect(await matches('e\u0301clair', await hasher.hash('\u00e9clair'))).toBe(true);
  });

  it('of nobody match nothing, not even the empty password', async () => {
    expect(await hasher.verify('', null)).toEqual({ matches: false, outdated: false });
  });

  it('of lower cost match and are told to be outdated', async () => {
    const stronger = await createPasswordHasher({ cost: 11 });
    const stored = await hasher.hash('correct horse');
    expect(await stronger.verify('correct horse', stored)).toEqual({ matches: true, outdated: true });
  });

  it('of another system are taken over, but not what they would cut off', async () => {
    const foreign = await bcryptHash('p'.repeat(72), 10);
    expect(isImportableHash(foreign)).toBe(true);
    expect(await hasher.verify('p'.repeat(72), foreign)).toEqual({ matches: true, outdated: true });
    expect(await matches('p'.repeat(73), foreign)).toBe(false);
    expect(await matches('pass', (await bcryptHash('pass', 4)).replace('$2b', '$2y'))).toBe(true);
  });

  it.each(['plain', '', '$2b$31$0123456789012345678901234567890123456789012345678901234'])(
    '%j is no hash to take over',
    (text) => {
      expect(isImportableHash(text)).toBe(false);
    },
  );

  it.each([4, 9, 15, 10.5])('of cost %d are not made', async (cost) => {
    await expect(createPasswordHasher({ cost })).rejects.toMatchObject({ code: 'invalid-data' });
  });

  it('are refused while too many are under way', async () => {
    const narrow = await createPasswordHasher({ cost: 10, maxRunning: 1, maxWaiting: 1 });
    const outcomes = await Promise.allSettled([narrow.hash('a'), narrow.hash('b'), narrow.hash('c')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'rate-limited', retryAfterMs: expect.any(Number) } });
    expect(await narrow.hash('d')).toMatch(/^h1:/);
  });
});
