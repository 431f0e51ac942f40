export type { Frame } from './frame.js';
export { namesOf } from './head.js';
export { Headers } from './headers.js';
export {
  beatAfterMs,
  formatHeartbeat,
  type HeartbeatAgreement,
  type HeartbeatOffer,
  MAX_HEARTBEAT_MS,
  negotiateHeartbeat,
  parseHeartbeat,
  silenceLimitMs,
} from './heartbeat.js';
export {
  LIMITS_AFTER_CONNECT,
  LIMITS_BEFORE_CONNECT,
  type ParserLimits,
} from './limits.js';
export { FrameParser, type FrameParserOptions } from './parser.js';
export { type FrameNames, StompError, type StompErrorCode } from './stomp-error.js';
export { formatTextFrame, type OutgoingTextFrame, type TextFrame, TextFrameReader } from './text-frame.js';
export { negotiateVersion, VERSIONS, type Version } from './version.js';
export {
  formatHeaders,
  formatWritableHeaders,
  type OutgoingFrame,
  writeFrame,
} from './writer.js';
