import { expect, test } from 'vitest';
import { openFixture, type TestClient } from './session-fixture.js';

/** Lets the clock of the server run, in steps that its timer can follow. */
async function pass(clock: { now: number }, ms: number, meanwhile: () => void = () => {}): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    clock.now += 250;
    meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

async function connected(
  heartbeat: string,
): Promise<{ clock: { now: number }; session: TestClient; agreed: string | undefined }> {
  const clock = { now: 1_000_000 };
  const { connection } = await openFixture({ now: () => clock.now, heartbeat: { sendMs: 1_000, receiveMs: 1_000 } });
  const session = connection();
  const { headers } = await session.connect('1.2', { 'heart-beat': heartbeat });
  return { clock, session, agreed: headers['heart-beat'] };
}

test('the server beats within the agreed time, with single line ends, and drops who falls silent', async () => {
  const { clock, session, agreed } = await connected('1000,1000');
  expect(agreed).toBe('1000,1000');
  await pass(clock, 1_750);
  expect(session.transport.clientTakes().toString()).toMatch(/^\n+$/);
  expect(session.transport.closeReason).toBe(null);
  await pass(clock, 1_500);
  expect(session.transport.closeReason).toBe('timeout');
});

test('any octet is a beat of the client, and none is answered', async () => {
  const { clock, session } = await connected('1000,0');
  await pass(clock, 5_000, () => session.raw('\n'));
  expect(session.transport.closeReason).toBe(null);
  expect(session.transport.clientTakes().toString()).toBe('');
});

test('0,0 means none in either direction', async () => {
  const { clock, session } = await connected('0,0');
  await pass(clock, 5_000);
  expect(session.transport.closeReason).toBe(null);
  expect(session.transport.clientTakes().toString()).toBe('');
});

test.each(['abc', '1', '-1,5', '1,2,3'])('heart-beat %s is refused', async (heartbeat) => {
  const session = (await openFixture()).connection();
  expect((await session.connect('1.2', { 'heart-beat': heartbeat })).headers.code).toBe('invalid-header');
});

test('huge wishes neither flood nor drop', async () => {
  const { clock, session } = await connected('99999999999999,99999999999999');
  await pass(clock, 2_000);
  expect(session.transport.closeReason).toBe(null);
  expect(session.transport.clientTakes().toString()).toBe('');
});

test('who does not sign in in time is closed', async () => {
  const clock = { now: 1_000_000 };
  const { connection } = await openFixture({ now: () => clock.now, limits: { logInTimeoutMs: 1_000 } });
  const session = connection();
  await pass(clock, 1_500);
  expect(session.transport.closeReason).toBe('timeout');
});
