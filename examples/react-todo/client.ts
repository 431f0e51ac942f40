import { type Backside, connect } from '@backside/sdk';
import { type Auth, createAuth } from '@backside/sdk/auth';
import { hooksOf, type TypedHooks } from '@backside/sdk/react';
import { httpUrl, serverUrl } from '../lib/server-url.js';
import type { Schema } from './schema.js';

export const db: Backside<Schema> = connect<Schema>(serverUrl);
export const auth: Auth = createAuth(db, { url: httpUrl });

/** The hooks, with the paths of this application: a misspelt one does not compile. */
export const { useList }: TypedHooks<Schema> = hooksOf<Schema>();
