import { useStatus, useUser } from '@backside/sdk/react';
import type { ReactElement } from 'react';
import { Account } from './account.js';
import { auth } from './client.js';
import { SignIn } from './sign-in.js';
import { TodoList } from './todo-list.js';

export function App(): ReactElement {
  const { user, loading } = useUser(auth);
  const status = useStatus();
  return (
    <>
      <header>
        <h1>To do</h1>
        <span className="status" role="status" data-status={status}>
          {status}
        </span>
        {user && <Account user={user} />}
      </header>
      <main>
        {loading ? <p className="soft">One moment…</p> : user ? <TodoList key={user.uid} uid={user.uid} /> : <SignIn />}
      </main>
    </>
  );
}
