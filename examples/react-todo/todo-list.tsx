import { ServerValue } from '@backside/sdk';
import { type FormEvent, type ReactElement, useState } from 'react';
import { db, useList } from './client.js';
import { Notice } from './notice.js';
import { TodoItem } from './todo-item.js';
import { useAction } from './use-action.js';

/** The list of one user, the oldest first, live in all of their windows. */
export function TodoList({ uid }: { uid: string }): ReactElement {
  const { items, loading, state, error } = useList(`/todos/${uid}`, { orderBy: 'at' });
  const [hidesDone, setHidesDone] = useState(false);
  const open = items.filter(({ value }) => !value.done).length;
  if (error) return <Notice error={error} />;
  return (
    <section className="card">
      <AddTodo uid={uid} />
      <ul className="todos">
        {items.map(({ key, value }) =>
          hidesDone && value.done ? null : <TodoItem key={key} path={`/todos/${uid}/${key}`} todo={value} />,
        )}
      </ul>
      <footer className="soft">
        <span>{loading ? 'Loading…' : `${open} to do, ${items.length - open} done`}</span>
        <span>{state === 'pending' ? 'saving…' : state === 'cached' ? 'as of last time' : ''}</span>
        <label>
          <input type="checkbox" checked={hidesDone} onChange={(event) => setHidesDone(event.target.checked)} /> hide
          what is done
        </label>
      </footer>
    </section>
  );
}

function AddTodo({ uid }: { uid: string }): ReactElement {
  const [add, { error }] = useAction((text: string) =>
    db.push(`/todos/${uid}`, { text, done: false, at: ServerValue.timestamp }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('text')).trim();
    if (text !== '') add(text);
    event.currentTarget.reset();
  };
  return (
    <form onSubmit={submit} className="add">
      <label className="visually-hidden" htmlFor="new-todo">
        What is to be done
      </label>
      <input id="new-todo" name="text" placeholder="What is to be done?" autoComplete="off" />
      <button type="submit">Add</button>
      {error && <Notice error={error} />}
    </form>
  );
}
