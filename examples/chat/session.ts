import type { Backside } from '@backside/sdk';
import type { Notices } from '../lib/notices.js';
import type { ChatSchema } from './schema.js';

/** What every part of the page works with. */
export interface Session {
  readonly db: Backside<ChatSchema>;
  readonly uid: string;
  readonly notices: Notices;
  /** What this user is called; never empty. */
  name(): string;
}
