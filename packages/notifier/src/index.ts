export { createMemoryHub, createMemoryNotifier, type MemoryHub } from './memory-notifier.js';
export { GAP, type Notice, type NoticeHandler, type Notifier, type NotifierState, noticeOf } from './notifier.js';
