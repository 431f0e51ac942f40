import { WRITE_SIZES } from './write-size.js';

/** A parameter of the query string, as the description of the interface shows it. */
export interface TreeParameter {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: string;
}

export type TreeParameterName =
  | 'auth'
  | 'access_token'
  | 'auth_variable_override'
  | 'ns'
  | 'print'
  | 'format'
  | 'shallow'
  | 'orderBy'
  | 'startAt'
  | 'startAfter'
  | 'endAt'
  | 'endBefore'
  | 'equalTo'
  | 'limitToFirst'
  | 'limitToLast'
  | 'callback'
  | 'download'
  | 'timeout'
  | 'writeSizeLimit'
  | 'x-http-method-override';

const TEXT = { type: 'string' };
const COUNT = { type: 'integer', minimum: 1 };
const bound = (description: string): TreeParameter => ({
  description: `${description}: JSON, with a key after a comma if the value alone leaves a choice`,
  schema: TEXT,
});

/** All that a request for a node may say in its query string; anything else is ignored. */
export const TREE_PARAMETERS: Readonly<Record<TreeParameterName, TreeParameter>> = {
  auth: { description: 'The token, where no header can be sent', schema: TEXT },
  access_token: { description: 'The same', schema: TEXT },
  auth_variable_override: { description: 'For admins: act as this `auth`, JSON', schema: TEXT },
  ns: { description: 'The database; default by `Host`, else the first', schema: TEXT },
  print: { description: '`silent` answers 204 without a body', schema: { enum: ['pretty', 'silent'] } },
  format: { description: '`export` shows priorities, and no lists', schema: { enum: ['export'] } },
  shallow: { description: 'Only the keys, in their order', schema: { type: 'boolean' } },
  orderBy: {
    description: 'The path of a child, `$key`, `$value` or `$priority`; a JSON string, quotes included',
    schema: TEXT,
    example: '"age"',
  },
  startAt: bound('From this value on'),
  startAfter: bound('After this value'),
  endAt: bound('Up to this value'),
  endBefore: bound('Before this value'),
  equalTo: bound('With this value'),
  limitToFirst: { description: 'The first so many', schema: COUNT },
  limitToLast: { description: 'The last so many', schema: COUNT },
  callback: { description: 'The function that a script calls with the answer', schema: TEXT },
  download: { description: 'The name of a file to save the answer as', schema: TEXT },
  timeout: { description: 'How long the read may take: `3ms`, `3s`, `3min`', schema: TEXT },
  writeSizeLimit: { description: 'How large the write may be', schema: { enum: WRITE_SIZES } },
  'x-http-method-override': { description: 'With POST: the method that is meant', schema: TEXT },
};
