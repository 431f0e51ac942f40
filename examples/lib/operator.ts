import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { COMMAND } from './backside-process.js';

/** What a device signs in with: STOMP's `login` and `passcode`. The key is also its uid. */
export interface DeviceCredentials {
  readonly key: string;
  readonly secret: string;
}

/** What a service signs in with, by `auth.signIn`. */
interface ServiceCredentials {
  readonly username: string;
  readonly password: string;
}

/** What rules see in `auth.token`. */
type Claims = Readonly<Record<string, string>>;

/** Who may make credentials. Each method rejects with what the server answered if it refuses. */
export interface Operator {
  makeDevice(label: string, claims: Claims): Promise<DeviceCredentials>;
  /** An account with a drawn password, whose uid is its username. */
  makeService(username: string, claims: Claims): Promise<ServiceCredentials>;
}

/**
 * Becomes an admin as somebody may who sits at the machine of the server: by `backside create-admin` on its data folder. The
 * rest is asked for over HTTP, at `http` (`HOST:PORT`).
 */
export async function becomeOperator(http: string, dataDir: string): Promise<Operator> {
  const login = `operator-${randomBytes(6).toString('hex')}`;
  const password = drawPassword();
  await createAdmin(login, password, dataDir);
  const { accessToken } = await post(`http://${http}/auth/login`, { login, password });
  const token = String(accessToken);
  return {
    async makeDevice(label, claims) {
      const { device, secret } = await post(`http://${http}/auth/devices`, { label, claims }, token);
      return { key: (device as { key: string }).key, secret: String(secret) };
    },
    async makeService(username, claims) {
      const account = { username, password: drawPassword() };
      await post(`http://${http}/auth/users`, { ...account, uid: username, claims }, token);
      return account;
    },
  };
}

function drawPassword(): string {
  return randomBytes(24).toString('base64url');
}

async function createAdmin(login: string, password: string, dataDir: string): Promise<void> {
  const args = [COMMAND, 'create-admin', login, '--data', dataDir];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'], env: ownEnvironment() });
  child.stdin.end(`${password}\n`);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`create-admin ended with ${String(code)}`);
}

/** Without what would have the command ask another server than the one of the data folder, or take another password. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { BACKSIDE_URL, BACKSIDE_TOKEN, BACKSIDE_DATABASE, BACKSIDE_PASSWORD, ...rest } = process.env;
  return rest;
}

async function post(url: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
