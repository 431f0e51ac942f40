import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { errorReply } from './error-reply.js';

/** The `retry-after` of a request that fails with this error. */
async function retryAfter(error: BacksideError): Promise<string | null> {
  const app = express();
  app.get('/', () => {
    throw error;
  });
  app.use(errorReply(SILENT_LOGGER));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { headers } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return headers.get('retry-after');
}

test('a refusal that knows when another try may be worth it says so in whole seconds', async () => {
  const retryAfterMs = 1_200;
  expect(await retryAfter(new BacksideError('unavailable', 'out of reach', { retryAfterMs }))).toBe('2');
  expect(await retryAfter(new BacksideError('rate-limited'))).toBe('1');
  expect(await retryAfter(new BacksideError('unavailable'))).toBeNull();
});
