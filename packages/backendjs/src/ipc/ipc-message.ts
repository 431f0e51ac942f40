import { BacksideError } from '@backside/protocol';

/** What modules and processes tell each other: any fields, with the operation and a number. */
export type IpcMessage = { readonly __op: string; readonly __msgid: number } & Readonly<Record<string, unknown>>;

/**
 * Makes a message. An object that already names its operation in `__op` is one, and comes back as it is, one
 * that does not gets an empty one; `op` may also be the JSON text of
 * such an object, and `message` JSON text of the fields. Throws `invalid-data` for text that should be JSON and is not.
 */
export function makeMessage(op: unknown, message: unknown, nextId: () => number): IpcMessage {
  const given = typeof op === 'string' && op.startsWith('{') ? fieldsOf(op) : op;
  if (isRecord(given)) {
    const name = String(given.__op ?? '');
    return '__msgid' in given && '__op' in given ? (given as IpcMessage) : { ...given, __op: name, __msgid: nextId() };
  }
  return { ...fieldsOf(message ?? {}), __op: String(given ?? ''), __msgid: nextId() };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  const fields = typeof value === 'string' ? parse(value) : value;
  if (!isRecord(fields)) throw invalid('it must be an object');
  return fields;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(why: string): BacksideError {
  return new BacksideError('invalid-data', `not a message: ${why}`);
}
