import { useCallback, useState } from 'react';

export interface ActionState {
  readonly busy: boolean;
  /** Why it failed last; null once it is tried again. */
  readonly error: Error | null;
}

/** A function that runs `action`, and how that goes. */
export function useAction<Args extends readonly unknown[]>(
  action: (...args: Args) => Promise<unknown>,
): [(...args: Args) => void, ActionState] {
  const [state, setState] = useState<ActionState>({ busy: false, error: null });
  const run = useCallback(
    (...args: Args): void => {
      setState({ busy: true, error: null });
      action(...args).then(
        () => setState({ busy: false, error: null }),
        (error: Error) => setState({ busy: false, error }),
      );
    },
    [action],
  );
  return [run, state];
}
