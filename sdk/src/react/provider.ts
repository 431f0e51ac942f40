import { type Context, createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react';
import type { ReactClient } from './react-client.js';

const ClientContext: Context<ReactClient | null> = createContext<ReactClient | null>(null);

export interface BacksideProviderProps {
  /** Null while there is none, as on a server that renders: every hook below then says that it is loading. */
  readonly client: ReactClient | null;
  readonly children?: ReactNode;
}

/** Gives the hooks below it their client. Whoever made the client closes it. */
export function BacksideProvider({ client, children }: BacksideProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest provider; null if that has none. */
export function useClient(): ReactClient | null {
  return useContext(ClientContext);
}
