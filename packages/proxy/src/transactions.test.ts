import { expect, test } from 'vitest';
import { openFixture } from './session-fixture.js';

test('the SENDs of a transaction are one commit, and seen at once', async () => {
  const { client, database } = await openFixture();
  const [reader, writer] = [await client(), await client()];
  reader.send('SUBSCRIBE', { id: 's', destination: '/' });
  await reader.next();
  await writer.ask('BEGIN', { transaction: 't' });
  expect((await writer.ask('SEND', { destination: '/a', transaction: 't' }, '1')).command).toBe('RECEIPT');
  expect((await writer.ask('SEND', { destination: '/b', transaction: 't' }, '2')).command).toBe('RECEIPT');
  expect(await reader.rest()).toEqual([]);
  expect((await writer.ask('COMMIT', { transaction: 't' })).headers.revision).toBe('1');
  expect(await reader.next()).toMatchObject({ body: '{"a":1,"b":2}', headers: { destination: '/' } });
  expect(database.revision).toBe(1);
});

test('ABORT discards, and a name can be used again', async () => {
  const { client, database } = await openFixture();
  const writer = await client();
  for (const end of ['ABORT', 'COMMIT', 'ABORT']) {
    await writer.ask('BEGIN', { transaction: '__proto__' });
    await writer.ask('SEND', { destination: '/a', transaction: '__proto__' }, '1');
    await writer.ask(end, { transaction: '__proto__' });
  }
  expect(database.revision).toBe(1);
});

test('two transactions are separate, and a SEND outside is made at once', async () => {
  const { client, database } = await openFixture();
  const writer = await client();
  writer.send('BEGIN', { transaction: 'a' });
  writer.send('BEGIN', { transaction: 'b' });
  writer.send('SEND', { destination: '/a', transaction: 'a' }, '1');
  await writer.ask('SEND', { destination: '/now' }, '1');
  expect(database.revision).toBe(1);
  await writer.ask('COMMIT', { transaction: 'b' });
  expect(database.revision).toBe(1);
  await writer.ask('COMMIT', { transaction: 'a' });
  expect(database.revision).toBe(2);
});

test('a failed precondition in the middle leaves nothing of the transaction', async () => {
  const { client, database } = await openFixture();
  const writer = await client();
  await writer.ask('SEND', { destination: '/n' }, '1');
  await writer.ask('SEND', { destination: '/n' }, '2');
  writer.send('BEGIN', { transaction: 't' });
  writer.send('SEND', { destination: '/other', transaction: 't' }, '1');
  writer.send('SEND', { destination: '/n', transaction: 't', 'if-match': '1' }, '3');
  expect(await writer.ask('COMMIT', { transaction: 't' })).toMatchObject({
    command: 'ERROR',
    headers: { code: 'precondition-failed' },
  });
  expect(database.revision).toBe(2);
});

test('a frame refused within a transaction dooms it even if the connection stays', async () => {
  const { client, database } = await openFixture();
  const writer = await client();
  writer.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
  writer.send('BEGIN', { transaction: 't' });
  writer.send('SEND', { destination: '/good', transaction: 't' }, '1');
  expect((await writer.ask('SEND', { destination: '/bad', transaction: 't' }, '{')).headers.code).toBe('invalid-data');
  expect((await writer.ask('COMMIT', { transaction: 't' })).headers.code).toBe('precondition-failed');
  expect(database.revision).toBe(0);
});

test.each([
  ['COMMIT of an unknown transaction', 'COMMIT', { transaction: 'x' }, 'unknown-transaction'],
  ['ABORT of an unknown transaction', 'ABORT', { transaction: 'x' }, 'unknown-transaction'],
  ['SEND in an unknown transaction', 'SEND', { destination: '/a', transaction: 'x' }, 'unknown-transaction'],
  ['ACK in an unknown transaction', 'ACK', { id: 'x', transaction: 'x' }, 'unknown-transaction'],
  ['BEGIN without a name', 'BEGIN', {}, 'missing-header'],
  ['COMMIT without a name', 'COMMIT', {}, 'missing-header'],
  ['ABORT without a name', 'ABORT', {}, 'missing-header'],
])('%s is refused', async (_what, command, headers, code) => {
  const client = await (await openFixture()).client();
  expect(
    await client.ask(command, headers as Record<string, string>, command === 'SEND' ? '1' : undefined),
  ).toMatchObject({ command: 'ERROR', headers: { code } });
});

test('BEGIN of an open transaction is refused, and so are too many', async () => {
  const { client } = await openFixture({ limits: { transactions: 2, transactionSteps: 3 } });
  const twice = await client();
  twice.send('BEGIN', { transaction: 't' });
  expect((await twice.ask('BEGIN', { transaction: 't' })).headers.code).toBe('duplicate-transaction');
  const many = await client();
  many.send('BEGIN', { transaction: '1' });
  many.send('BEGIN', { transaction: '2' });
  expect((await many.ask('BEGIN', { transaction: '3' })).headers.code).toBe('limit-exceeded');
  const long = await client();
  long.send('BEGIN', { transaction: '1' });
  for (let i = 0; i < 3; i += 1) long.send('SEND', { destination: '/a', transaction: '1' }, '1');
  expect((await long.ask('SEND', { destination: '/a', transaction: '1' }, '1')).headers.code).toBe('limit-exceeded');
});

test('the data of open transactions is bounded, and freed by their ends', async () => {
  const { client } = await openFixture({ limits: { transactionBytes: 1_000 } });
  const session = await client();
  const body = JSON.stringify('x'.repeat(600));
  for (let round = 0; round < 3; round += 1) {
    await session.ask('BEGIN', { transaction: 't' });
    expect((await session.ask('SEND', { destination: '/a', transaction: 't' }, body)).command).toBe('RECEIPT');
    await session.ask(round === 0 ? 'ABORT' : 'COMMIT', { transaction: 't' });
  }
  session.send('BEGIN', { transaction: '1' });
  session.send('BEGIN', { transaction: '2' });
  session.send('SEND', { destination: '/a', transaction: '1' }, body);
  expect((await session.ask('SEND', { destination: '/a', transaction: '2' }, body)).headers.code).toBe(
    'limit-exceeded',
  );
});

test('headers count as data of a transaction', async () => {
  const { client } = await openFixture({ limits: { transactionBytes: 10_000 } });
  const writer = await client();
  await writer.ask('BEGIN', { transaction: 't' });
  const answers: string[] = [];
  for (let step = 0; step < 3; step += 1) {
    const headers = { destination: '/a', transaction: 't', [`note-${step}`]: 'x'.repeat(4_000) };
    answers.push((await writer.ask('SEND', headers, '1')).headers.code ?? 'fine');
  }
  expect(answers).toEqual(['fine', 'fine', 'limit-exceeded']);
});
