import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNode } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { type Listen, StompjsClient } from '../harness/stompjs-client.js';
import { runBackside } from './run-backside.js';

const PASSWORD = 'correct horse battery staple';
/** Between two looks, in milliseconds. */
const LOOK_MS = 2;
const GIVE_UP_MS = 20_000;

/** The longest time, in milliseconds, from the answer of one node to the effect on another, by what was done. */
export type Spread = Readonly<Record<'rules' | 'newSession' | 'endedSession', number>>;

interface Session {
  readonly user: { readonly uid: string };
  readonly session: { readonly id: string };
  readonly accessToken: string;
}

/**
 * Changes the rules, begins a session and ends it, in each round by another node, and sees when it is so on each of the others.
 * They must be in development mode.
 */
export async function measureSpread(nodes: readonly ClusterNode[], rounds: number): Promise<Spread> {
  const admin = await signInAdmin(nodes[0]!);
  const writers = await Promise.all(nodes.map((node) => StompjsClient.connect(node.url)));
  const slowest = { rules: 0, newSession: 0, endedSession: 0 };
  try {
    for (let round = 0; round < rounds; round += 1) {
      const turn = round % nodes.length;
      const times = {
        rules: await spreadRules({ nodes, turn, admin, writers, open: round % 2 === 1 }),
        ...(await spreadSession({ nodes, turn, admin })),
      };
      for (const what of ['rules', 'newSession', 'endedSession'] as const) {
        slowest[what] = Math.max(slowest[what], times[what]);
      }
    }
  } finally {
    await Promise.all(writers.map((writer) => writer.close()));
  }
  return slowest;
}

async function signInAdmin(node: ClusterNode): Promise<Session> {
  const created = await runBackside(['create-admin', 'warden', '--data', node.server.dataDir], {
    input: `${PASSWORD}\n`,
  });
  if (created.code !== 0) throw new Error(created.stderr);
  return ask<Session>(node, '/auth/login', { json: { login: 'warden', password: PASSWORD } });
}

interface Turn {
  readonly nodes: readonly ClusterNode[];
  /** Which of them acts. */
  readonly turn: number;
  readonly admin: Session;
}

interface RulesTurn extends Turn {
  /** By node. */
  readonly writers: readonly StompjsClient[];
  /** Whether `/gate` may be written from now on. */
  readonly open: boolean;
}

async function spreadRules({ nodes, turn, admin, writers, open }: RulesTurn): Promise<number> {
  const rules = { rules: { '.read': true, gate: { '.write': open }, $other: { '.write': true } } };
  const put = { method: 'PUT', token: admin.accessToken, json: rules };
  await ask(nodes[turn]!, '/.settings/rules.json', put);
  const isSo = async (writer: StompjsClient): Promise<boolean> => ((await writer.send('/gate', 1)) === null) === open;
  return slowestOf(
    others(writers, turn).map((writer) => () => isSo(writer)),
    'the new rules',
  );
}

async function spreadSession({ nodes, turn, admin }: Turn): Promise<Omit<Spread, 'rules'>> {
  const path = `/auth/users/${admin.user.uid}/token`;
  const made = await ask<Session>(nodes[turn]!, path, { token: admin.accessToken, json: {} });
  const token = made.accessToken;
  const elsewhere = others(nodes, turn);
  const newSession = await slowestOf(
    elsewhere.map((node) => () => isTaken(node, token)),
    'the new session',
  );
  const open = await Promise.all(elsewhere.map((node) => StompjsClient.connect(node.url, { token })));
  try {
    const listens = await Promise.all(open.map((client) => client.listen('/.info/user')));
    await ask(nodes[turn]!, `/auth/sessions/${made.session.id}`, { method: 'DELETE', token });
    const hasEnded = async (listen: Listen, node: ClusterNode): Promise<boolean> =>
      uidOf(listen.bodies.at(-1)) !== made.user.uid && !(await isTaken(node, token));
    const endedSession = await slowestOf(
      listens.map((listen, index) => () => hasEnded(listen, elsewhere[index]!)),
      'the end of the session',
    );
    return { newSession, endedSession };
  } finally {
    await Promise.all(open.map((client) => client.close()));
  }
}

/** Whether somebody can sign in with it. */
async function isTaken(node: ClusterNode, token: string): Promise<boolean> {
  try {
    await (await StompjsClient.connect(node.url, { token })).close();
    return true;
  } catch (error) {
    if (String(error).includes('Sign-in refused')) return false;
    throw error;
  }
}

function uidOf(user: unknown): unknown {
  return (user as { readonly uid?: string } | null | undefined)?.uid;
}

function others<Item>(items: readonly Item[], turn: number): Item[] {
  return items.filter((_, index) => index !== turn);
}

/** Milliseconds from now until all of it is so. */
async function slowestOf(conditions: readonly (() => Promise<boolean>)[], what: string): Promise<number> {
  const start = performance.now();
  const times = conditions.map(async (isSo) => {
    while (!(await isSo())) {
      if (performance.now() - start > GIVE_UP_MS) throw new Error(`${what} did not reach a node`);
      await sleep(LOOK_MS);
    }
    return performance.now() - start;
  });
  return Math.max(...(await Promise.all(times)));
}

async function ask<Body>(node: ClusterNode, path: string, request: Parameters<typeof askHttp>[2]): Promise<Body> {
  const { status, body } = await askHttp<Body>(node.server.httpPort, path, request);
  if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  return body;
}
