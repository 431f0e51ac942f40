import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A request of which the server has the head and a part of the body. */
export interface HeldRequest {
  /** Sends more of the body. */
  send(more: string): Promise<void>;
  /** Sends the rest, and returns the answer. */
  finish(rest: string): Promise<{ readonly status: number; readonly text: string }>;
}

interface Held {
  readonly begin: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Sends the head of `line` and the beginning of its body, and waits until the server has let it in: requests are let in one after the
 * other, and another one behind it has been answered.
 */
export async function holdOpen(server: { readonly url: string }, line: string, held: Held): Promise<HeldRequest> {
  const [method = 'PUT', path = '/'] = line.split(' ');
  const authorization = held.token === undefined ? {} : { authorization: `Bearer ${held.token}` };
  const sent = request(`${server.url}${path}`, { method, headers: { ...authorization, ...held.headers } });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  onTestFinished(() => void sent.destroy());
  const send = (more: string): Promise<void> => new Promise((resolve) => sent.write(more, () => resolve()));
  await send(held.begin);
  await letIn(server, path, authorization);
  return {
    send,
    async finish(rest) {
      sent.end(rest);
      const [answer] = await answered;
      return { status: answer.statusCode ?? 0, text: await text(answer) };
    },
  };
}

async function letIn(server: { readonly url: string }, path: string, headers: Record<string, string>): Promise<void> {
  for (let i = 0; i < 2; i++) await (await fetch(`${server.url}${path}`, { headers })).text();
}
