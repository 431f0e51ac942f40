import { connect } from '@backside/sdk';
import { indexedDb } from '@backside/sdk/offline';
import { byId } from '../lib/element.js';
import { createNotices } from '../lib/notices.js';
import { serverUrl } from '../lib/server-url.js';
import { showStatus } from '../lib/show-status.js';
import { BoardView } from './board-view.js';
import { Cards } from './cards.js';
import type { BoardSchema } from './schema.js';

const board = /^#([\w-]+)$/.exec(location.hash)?.[1] ?? 'main';
const db = connect<BoardSchema>(serverUrl, { persistence: indexedDb() });
const notices = createNotices(byId('notices', HTMLDivElement));
const waiting = byId('waiting', HTMLSpanElement);
showStatus(byId('status', HTMLSpanElement), db);

const cards = new Cards(db, board);
const view = new BoardView(byId('columns', HTMLElement), cards, notices);
cards.onChange((all, saved) => {
  view.show(all);
  waiting.textContent = saved ? '' : 'Changes wait for the server';
}, notices.show);

window.addEventListener('hashchange', () => location.reload());
// Keeps the page itself, as the SDK keeps its data, so that both are there without a network.
notices.watch(navigator.serviceWorker.register('service-worker.js'));
