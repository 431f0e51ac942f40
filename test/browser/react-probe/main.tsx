import { connect } from '@backside/sdk';
import { BacksideProvider, useList, useStatus, useValue } from '@backside/sdk/react';
import { memo, type ReactElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

declare const BACKSIDE_URL: string;

/** What the page saw while it drew. */
interface Observed {
  /** Drawings in which two hooks showed different commits. */
  torn: number;
  /** How often each item of the list was drawn, by its key. */
  drawn: Record<string, number>;
}

const observed: Observed = { torn: 0, drawn: {} };
Object.assign(window, { observed });

function Value({ path }: { path: string }): ReactElement {
  const { value, loading, state } = useValue(path);
  return <p className="value">{loading ? 'loading' : `${JSON.stringify(value)} ${state}`}</p>;
}

/** `/pair/left` and `/pair/right` are always written together, as the same number. */
function Pair(): ReactElement {
  const pair = useValue('/pair').value as { readonly left: number } | null;
  const left = useValue('/pair/left').value;
  const right = useValue('/pair/right').value;
  if (left !== right || left !== (pair?.left ?? null)) observed.torn++;
  return (
    <p id="pair">
      {String(left)} {String(right)}
    </p>
  );
}

const Item = memo(({ item }: { item: { readonly key: string; readonly value: unknown } }): ReactElement => {
  observed.drawn[item.key] = (observed.drawn[item.key] ?? 0) + 1;
  return <li>{JSON.stringify(item.value)}</li>;
});

function List(): ReactElement {
  const { items } = useList('/list', { orderBy: 'rank' });
  return (
    <ol>
      {items.map((item) => (
        <Item key={item.key} item={item} />
      ))}
    </ol>
  );
}

function Page(): ReactElement {
  const [shown, setShown] = useState(true);
  return (
    <>
      <p id="status">{useStatus()}</p>
      <button type="button" onClick={() => setShown(!shown)}>
        {shown ? 'hide' : 'show'}
      </button>
      {shown && (
        <>
          <Value path="/shared" />
          <Value path="/shared" />
        </>
      )}
      <Pair />
      <List />
    </>
  );
}

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <BacksideProvider client={connect(BACKSIDE_URL)}>
      <Page />
    </BacksideProvider>
  </StrictMode>,
);
