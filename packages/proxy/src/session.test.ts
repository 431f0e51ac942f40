import { expect, test } from 'vitest';
import { openFixture } from './session-fixture.js';

test('what was asked before DISCONNECT is answered before it', async () => {
  const session = await (await openFixture()).client();
  session.send('SEND', { destination: '/a' }, '1');
  session.send('SUBSCRIBE', { id: 's', destination: '/a', once: 'true' });
  session.send('DISCONNECT', { receipt: 'bye' });
  expect(await session.next()).toMatchObject({ command: 'MESSAGE', body: '1' });
  expect(await session.next()).toMatchObject({ command: 'RECEIPT', headers: { 'receipt-id': 'bye' } });
});

test('a write reaches a subscriber on another connection', async () => {
  const { client } = await openFixture();
  const [reader, writer] = [await client(), await client()];
  reader.send('SUBSCRIBE', { id: 's', destination: '/room', receipt: 'r' });
  expect(await reader.next()).toMatchObject({ command: 'RECEIPT', headers: { 'receipt-id': 'r' } });
  expect(await reader.next()).toMatchObject({
    command: 'MESSAGE',
    body: 'null',
    headers: { destination: '/room', subscription: 's' },
  });
  expect(await writer.ask('SEND', { destination: '/room/a' }, { text: 'hi' })).toMatchObject({
    command: 'RECEIPT',
    headers: { revision: '1' },
  });
  const message = await reader.next();
  expect(message).toMatchObject({
    command: 'MESSAGE',
    body: '{"text":"hi"}',
    headers: { destination: '/room/a', event: 'put', revision: '1' },
  });
});
