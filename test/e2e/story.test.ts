import { afterAll, beforeAll, expect, test } from 'vitest';
// @ts-expect-error the examples are plain JavaScript, for readers who use no TypeScript
import { story } from '../../examples/story.js';
import { type ServerHandle, startServer } from '../harness/server.js';

let server: ServerHandle;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

test('a client that nobody here wrote listens to /users/bob, another one gives bob grey hair, and the first one sees it', async () => {
  const lines: string[] = [];
  const seen = await story(`127.0.0.1:${server.httpPort}`, `127.0.0.1:${server.tcpPort}`, (line: string) =>
    lines.push(line),
  );
  expect(seen).toEqual([{ age: 74 }, { age: 74, hairColor: 'gray' }]);
  expect(lines.at(-1)).toBe('the websocket client sees {"age":74,"hairColor":"gray"}');
});
