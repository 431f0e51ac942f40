import type { FormEvent, ReactElement } from 'react';
import { auth } from './client.js';
import { useAction } from './use-action.js';

type Way = 'sign-in' | 'sign-up' | 'guest';

/** Signs in, or makes an account, or lets a guest in. When it has worked, the hook in `App` knows. */
export function SignIn(): ReactElement {
  const [enter, { busy, error }] = useAction((way: Way, username: string, password: string) => {
    if (way === 'guest') return auth.signInAnonymously();
    return way === 'sign-up' ? auth.signUp({ username, password }) : auth.signIn(username, password);
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    const fields = new FormData(event.currentTarget);
    enter(
      (submitter?.getAttribute('value') ?? 'sign-in') as Way,
      String(fields.get('username')),
      String(fields.get('password')),
    );
  };
  return (
    <form className="card" onSubmit={submit}>
      <label>
        Name
        <input name="username" autoComplete="username" required minLength={3} />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required minLength={8} />
      </label>
      {error && (
        <p className="notice" role="alert">
          {error.message}
        </p>
      )}
      <div className="buttons">
        <button type="submit" value="sign-in" disabled={busy}>
          Sign in
        </button>
        <button type="submit" value="sign-up" className="quiet" disabled={busy}>
          Make an account
        </button>
        <button type="submit" value="guest" className="quiet" formNoValidate disabled={busy}>
          Just try it
        </button>
      </div>
    </form>
  );
}
