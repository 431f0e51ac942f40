import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, ListenOptions, Subscription, ViewEvent, WriteStep } from '@backside/api';
import { ADMIN, toBacksideError } from '@backside/protocol';
import { formatPath, hashNode, type Node, parsePath } from '@backside/tree';
import type { Json } from '../json-tree.js';
import type { Condition, Step } from './history.js';
import type { Connection, LoadNode, Told, ToldEvent } from './load-node.js';

/** What takes so long is given up. */
const PATIENCE_MS = 2_000;

/** A database of this process as a node. Its connections end only when they are ended. */
export function databaseNode(name: string, database: Database): LoadNode {
  return { name, connect: async () => connect(database) };
}

type Heard = (event: ViewEvent) => void;

function connect(database: Database): Connection {
  const subscriptions: Subscription[] = [];
  let close = (): void => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const end = (): void => {
    for (const subscription of subscriptions.splice(0)) subscription.end();
    close();
  };
  return {
    epoch: database.epoch,
    closed,
    end,
    write: async ({ steps, conditions }, key) => {
      const operation = { principal: ADMIN, steps: steps.map(stepOf), preconditions: conditions.map(preconditionOf) };
      try {
        const written = database.write({ ...operation, ...(key !== null && { idempotencyKey: key }) });
        const result = await Promise.race([written, sleep(PATIENCE_MS, null, { ref: false })]);
        return result === null ? null : { kind: 'acknowledged', revision: result.revision };
      } catch (error) {
        const { code } = toBacksideError(error);
        return code === 'unavailable' ? null : { kind: 'refused', code };
      }
    },
    read: (path) => {
      const read = new Promise<Told | null>((resolve) => {
        const heard: Heard = (event) => resolve(toldBy(event));
        listen(database, { path: parsePath(path), once: true }, { heard, lost: () => resolve(null) });
      });
      return Promise.race([read, sleep(PATIENCE_MS, null, { ref: false })]);
    },
    listen: (path, resume, heard) => {
      let first = true;
      const tell: Heard = (event) => {
        heard(told(event, database.epoch, first));
        first = false;
      };
      const options = { path: parsePath(path), ...(resume !== null && { resume, confirm: true }) };
      subscriptions.push(listen(database, options, { heard: tell, lost: end }));
    },
  };
}

type Where = Pick<ListenOptions<ViewEvent>, 'path' | 'once' | 'resume' | 'confirm'>;

function listen(database: Database, where: Where, to: { heard: Heard; lost: () => void }): Subscription {
  return database.listen(ADMIN, {
    ...where,
    encoder: { format: 'export', encode: (event) => event },
    listener: { event: (event) => to.heard(event), cancelled: to.lost },
  });
}

function toldBy(event: ViewEvent): Told {
  return { revision: event.revision, value: bodyOf(event), stale: event.staleMs !== null };
}

function told(event: ViewEvent, epoch: string, first: boolean): ToldEvent {
  const { revision, kind, path, resumed } = event;
  return { epoch, revision, kind, path: formatPath(path), body: bodyOf(event), resumed, first };
}

function bodyOf(event: ViewEvent): Json {
  return JSON.parse(Buffer.from(event.body('val')).toString()) as Json;
}

function stepOf(step: Step): WriteStep {
  const value = 'increment' in step ? { '.sv': { increment: step.increment } } : step.value;
  return { method: 'set', path: parsePath(step.path), value };
}

function preconditionOf(condition: Condition): { path: string[]; revision: number } | { path: string[]; hash: string } {
  const path = [...parsePath(condition.path)];
  return 'revision' in condition
    ? { path, revision: condition.revision }
    : { path, hash: hashNode(condition.value as Node) };
}
