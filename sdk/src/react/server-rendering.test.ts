import { createElement, type ReactElement, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import { connect } from '../connect.js';
import { BacksideProvider, type ReactClient, useClient, useList, usePresence, useStatus, useValue } from './index.js';

/** What the hooks say while a page is drawn as on a server. */
function render(client: ReactClient | null): object {
  const drawings: object[] = [];
  const Page = (): ReactElement => {
    drawings.push({
      value: useValue('/a'),
      nothing: useValue(null),
      list: useList('/a', { orderBy: 'b' }),
      presence: usePresence('/here', { uid: 'bob' }),
      status: useStatus(),
      hasClient: useClient() !== null,
    });
    return createElement('p', null, 'drawn');
  };
  const page = createElement(BacksideProvider, { client }, createElement(Page));
  expect(renderToString(createElement(StrictMode, null, page))).toBe('<p>drawn</p>');
  return drawings.at(-1)!;
}

const LOADING = {
  value: { value: null, loading: true, state: null, error: null },
  nothing: { value: null, loading: false, state: null, error: null },
  list: { items: [], loading: true, state: null, error: null },
  presence: { users: [], loading: true, error: null },
  status: 'connecting',
};

it('draws what is loading, without a client', () => expect(render(null)).toEqual({ ...LOADING, hasClient: false }));

it('draws the same with a client, and opens nothing', async () => {
  let opened = 0;
  const db = connect('ws://127.0.0.1:9', {
    socket: () => {
      opened++;
      throw new Error('a server that renders connects to nothing');
    },
  });
  db.goOffline();
  expect(render(db)).toEqual({ ...LOADING, hasClient: true });
  expect(opened).toBe(0);
  await db.close();
});
