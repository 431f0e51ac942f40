import { describe, expect, it } from 'vitest';
import { formatSession, parseSession, renewalTime, type SessionReply, sessionOf } from './stored-session.js';

const USER = { uid: 'ann' } as SessionReply['user'];

function reply(issuedAtSeconds: number, expiresAtMs: number): SessionReply {
  const payload = btoa(JSON.stringify({ iat: issuedAtSeconds, text: '??>>' }))
    .replace(/\+/g, '-')
    .replace(/\//g, '_');
  return { user: USER, accessToken: `h.${payload}.s`, accessExpiresAt: expiresAtMs, refreshToken: 'r' };
}

describe('a session', () => {
  it('lives as long as the server gave it, whatever the clock of the device says', () => {
    const wrongClock = 5_000;
    const session = sessionOf(reply(1_000_000, 1_000_900_000), wrongClock);
    expect(session).toMatchObject({ since: 5_000, until: 905_000 });
  });

  it('whose token cannot be read lives until the time that the server said', () => {
    const session = sessionOf({ ...reply(0, 20_000), accessToken: 'opaque' }, 5_000);
    expect(session).toMatchObject({ since: 5_000, until: 20_000 });
  });

  it.each([
    [900_000, 120_000],
    [100_000, 30_000],
    [4_000, 1_200],
  ])('of %d ms is renewed %d ms before its end', (lifetimeMs, beforeMs) => {
    const session = sessionOf(reply(0, lifetimeMs), 1_000);
    expect(session.until - renewalTime(session)).toBe(beforeMs);
  });

  it('reads back from its text', () => {
    const session = { ...sessionOf(reply(1, 2_000), 3), attempt: 'secret' };
    expect(parseSession(formatSession(session))).toEqual(session);
  });

  it.each([null, '', '{', 'null', '7', '[]', '{"user":null}', '{"user":{"uid":"a"},"accessToken":"a"}'])(
    'is not in %j',
    (text) => {
      expect(parseSession(text)).toBeNull();
    },
  );
});
