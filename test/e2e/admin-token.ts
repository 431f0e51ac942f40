import { expect } from 'vitest';
import type { ServerHandle } from '../harness/server.js';
import { runBackside } from './run-backside.js';

const EMAIL = 'admin@example.com';
const PASSWORD = 'correct horse battery';

/** The access token of an admin of a running server; makes the account first if there is none. */
export async function adminTokenOf({ httpPort, dataDir }: ServerHandle): Promise<string> {
  const login = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${httpPort}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: EMAIL, password: PASSWORD }),
    });
  let answer = await login();
  if (answer.status !== 200) {
    const made = await runBackside(['create-admin', EMAIL, '--data', dataDir], { input: `${PASSWORD}\n` });
    expect(made.code, made.stderr).toBe(0);
    answer = await login();
  }
  return ((await answer.json()) as { accessToken: string }).accessToken;
}
