import { RefusedError } from '@backside/sdk';
import type { ReactElement } from 'react';

/** A refusal also names its explanation, for `backside rules explain`. */
export function Notice({ error }: { error: Error }): ReactElement {
  return (
    <p className="notice" role="alert">
      {error.message}
      {error instanceof RefusedError && error.trace !== null && <code>{error.trace}</code>}
    </p>
  );
}
