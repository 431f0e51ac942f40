import type { LegacyEndpoint } from '../endpoint.js';
import { serveLongPoll } from './long-poll.js';

/** What concerns an account, as it happens. */
export function eventEndpoints(): LegacyEndpoint[] {
  return [{ paths: ['/account/subscribe', '/account/subcribe'], serve: serveLongPoll }];
}
