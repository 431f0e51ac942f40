import type { ValueAt } from '@backside/sdk';
import { memo, type ReactElement } from 'react';
import { db } from './client.js';
import { Notice } from './notice.js';
import type { Schema } from './schema.js';
import { useAction } from './use-action.js';

export interface TodoItemProps {
  readonly path: `/todos/${string}/${string}`;
  readonly todo: ValueAt<Schema, '/todos/$uid/$todo'>;
}

/** One line. Drawn anew only when it changes: what a change of the list leaves as it was stays the same object. */
export const TodoItem = memo(({ path, todo }: TodoItemProps): ReactElement => {
  const [toggle, toggled] = useAction(() => db.update(path, { done: !todo.done }));
  const [remove, removed] = useAction(() => db.remove(path));
  const error = toggled.error ?? removed.error;
  return (
    <li data-done={todo.done}>
      <label>
        <input type="checkbox" checked={todo.done} onChange={toggle} />
        <span>{todo.text}</span>
      </label>
      <button type="button" className="quiet" aria-label={`Remove ${todo.text}`} onClick={remove}>
        ×
      </button>
      {error && <Notice error={error} />}
    </li>
  );
});
