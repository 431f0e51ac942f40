import { type DatabaseLimits, DEFAULT_DATABASE_LIMITS } from '@backside/api';
import { DEFAULT_PROXY_LIMITS, type ProxyLimits } from '@backside/proxy';
import { DEFAULT_LIMITS } from '@backside/tree';
import { integer, type Option, type OptionTable } from './option.js';
import { duration, size } from './quantity.js';

/** Bounds on what clients may take. Times are milliseconds, sizes bytes. */
export interface LimitConfig {
  readonly maxDepth: number;
  readonly maxKeyBytes: number;
  readonly maxLeafBytes: number;
  readonly maxWriteBytes: number;
  readonly maxSnapshotBytes: number;
  readonly maxSubscriptions: number;
  readonly maxQueuedOperations: number;
  readonly maxOnDisconnectOperations: number;
  readonly maxOnDisconnectCharacters: number;
  readonly maxResumeCommits: number;
  readonly maxResumeBytes: number;
  readonly historyCommits: number;
  readonly historyBytes: number;
  readonly idempotencyKeys: number;
  readonly journalPatience: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxConnectionSubscriptions: number;
  readonly maxConnectionTransactions: number;
  readonly maxTransactionSteps: number;
  readonly maxUnansweredFrames: number;
  readonly maxUnacknowledgedEvents: number;
  readonly maxFramesPerSecond: number;
  readonly maxBytesPerSecond: number;
  readonly userOperationsPerSecond: number;
  readonly userBytesPerSecond: number;
  readonly userListens: number;
  readonly addressOperationsPerSecond: number;
  readonly addressBytesPerSecond: number;
  readonly addressListens: number;
  readonly expiryNotice: number;
  readonly maxFrameHeaders: number;
  readonly maxFrameHeaderBytes: number;
  readonly maxFrameBodyBytes: number;
  readonly maxBytesBeforeConnect: number;
  readonly maxWebsocketMessageBytes: number;
  readonly softQueueBytes: number;
  readonly hardQueueBytes: number;
  readonly stallTimeout: number;
  readonly logInTimeout: number;
}

const DATA = 'Limits of the data';
const CONNECTION = 'Limits of connections';
const tree = DEFAULT_LIMITS;
const database = DEFAULT_DATABASE_LIMITS;
const proxy = DEFAULT_PROXY_LIMITS;

export const LIMIT_OPTIONS: OptionTable<LimitConfig> = {
  maxDepth: count(DATA, tree.maxDepth, 'Keys that a path may have.'),
  maxKeyBytes: bytes(DATA, tree.maxKeyBytes, 'Length of one key in UTF-8.'),
  maxLeafBytes: bytes(DATA, tree.maxLeafBytes, 'Length of one text value in UTF-8.'),
  maxWriteBytes: bytes(DATA, tree.maxWriteBytes, 'Size of one write.'),
  maxSnapshotBytes: bytes(DATA, database.maxSnapshotBytes, 'Size of the first event of a subscription.'),
  maxSubscriptions: count(DATA, database.maxSubscriptions, 'Subscriptions of one database in one process.'),
  maxQueuedOperations: count(DATA, database.maxQueuedOperations, 'Writes that may wait for their turn.'),
  maxOnDisconnectOperations: count(
    DATA,
    database.maxOnDisconnectOperations,
    'Writes that one connection may leave for its end.',
  ),
  maxOnDisconnectCharacters: bytes(
    DATA,
    database.maxOnDisconnectCharacters,
    'Size of these writes of one connection together, in characters of JSON.',
  ),
  maxResumeCommits: count(
    DATA,
    database.maxResumeCommits,
    'Missed commits that a returning subscriber gets one by one.',
  ),
  maxResumeBytes: bytes(DATA, database.maxResumeBytes, 'Size of these commits together.'),
  historyCommits: count(DATA, database.historyCommits, 'Recent commits kept in memory for returning subscribers.'),
  historyBytes: bytes(DATA, database.historyBytes, 'Size of these commits together.'),
  idempotencyKeys: count(DATA, database.idempotencyKeys, 'Idempotency keys that are remembered.'),
  journalPatience: duration({
    group: DATA,
    default: database.journalPatienceMs,
    min: 1,
    description:
      'How long a shared store may leave a node without an answer before it counts as out of reach: writes are refused then, and reads say how old they may be.',
  }),
  maxConnections: liftable('Connections of one process.', proxy.connections),
  maxConnectionsPerAddress: liftable('Connections of one process from one address.', proxy.connectionsPerAddress),
  maxConnectionSubscriptions: liftable('Subscriptions of one connection.', proxy.subscriptions),
  maxConnectionTransactions: liftable('Open transactions of one connection.', proxy.transactions),
  maxTransactionSteps: liftable('Writes in one transaction.', proxy.transactionSteps),
  maxUnansweredFrames: liftable('Unanswered frames beyond which a connection is not read.', proxy.unansweredFrames),
  maxUnacknowledgedEvents: liftable('Unacknowledged events of one subscription.', proxy.unacknowledgedEvents),
  maxFramesPerSecond: liftable('Frames per second of one connection; twice as many at once.', proxy.framesPerSecond),
  maxBytesPerSecond: liftable(
    'Bytes per second of one connection; twice as many at once.',
    proxy.bytesPerSecond,
    'SIZE',
  ),
  userOperationsPerSecond: liftable(
    'SENDs, SUBSCRIBEs and HTTP requests per second of one user.',
    proxy.perUser.operationsPerSecond,
  ),
  userBytesPerSecond: liftable('Bytes of these per second of one user.', proxy.perUser.bytesPerSecond, 'SIZE'),
  userListens: liftable('Subscriptions to the tree and event streams of one user at a time.', proxy.perUser.listens),
  addressOperationsPerSecond: liftable(
    'SENDs, SUBSCRIBEs and HTTP requests per second from one address.',
    proxy.perAddress.operationsPerSecond,
  ),
  addressBytesPerSecond: liftable(
    'Bytes of these per second from one address.',
    proxy.perAddress.bytesPerSecond,
    'SIZE',
  ),
  addressListens: liftable(
    'Subscriptions to the tree and event streams from one address at a time.',
    proxy.perAddress.listens,
  ),
  expiryNotice: time(
    proxy.expiryNoticeMs,
    'How long before a token ends its holder is told at `/.info/user`; a fifth of its life if that is shorter.',
  ),
  maxFrameHeaders: count(CONNECTION, proxy.frames.maxHeaders, 'Header lines of one frame.'),
  maxFrameHeaderBytes: bytes(CONNECTION, proxy.frames.maxHeaderSectionBytes, 'Command and headers of one frame.'),
  maxFrameBodyBytes: bytes(CONNECTION, proxy.frames.maxBodyBytes, 'Body of one frame.'),
  maxBytesBeforeConnect: bytes(CONNECTION, proxy.bytesBeforeConnect, 'What a client may send up to its CONNECT.'),
  maxWebsocketMessageBytes: bytes(CONNECTION, proxy.websocketMessageBytes, 'One websocket message from a client.'),
  softQueueBytes: bytes(CONNECTION, proxy.softQueueBytes, 'Waiting output beyond which events are coalesced.'),
  hardQueueBytes: bytes(CONNECTION, proxy.hardQueueBytes, 'Waiting output beyond which a connection is closed.'),
  stallTimeout: time(proxy.stallTimeoutMs, 'How long a connection may stay above `softQueueBytes`.'),
  logInTimeout: time(proxy.logInTimeoutMs, 'How long a client may take from its first byte to having signed in.'),
};

export function proxyLimitsOf(config: LimitConfig): ProxyLimits {
  return {
    ...proxy,
    connections: lifted(config.maxConnections),
    connectionsPerAddress: lifted(config.maxConnectionsPerAddress),
    subscriptions: lifted(config.maxConnectionSubscriptions),
    transactions: lifted(config.maxConnectionTransactions),
    transactionSteps: lifted(config.maxTransactionSteps),
    unansweredFrames: lifted(config.maxUnansweredFrames),
    unacknowledgedEvents: lifted(config.maxUnacknowledgedEvents),
    framesPerSecond: lifted(config.maxFramesPerSecond),
    bytesPerSecond: lifted(config.maxBytesPerSecond),
    perUser: {
      operationsPerSecond: lifted(config.userOperationsPerSecond),
      bytesPerSecond: lifted(config.userBytesPerSecond),
      listens: lifted(config.userListens),
    },
    perAddress: {
      operationsPerSecond: lifted(config.addressOperationsPerSecond),
      bytesPerSecond: lifted(config.addressBytesPerSecond),
      listens: lifted(config.addressListens),
    },
    expiryNoticeMs: config.expiryNotice,
    bytesBeforeConnect: config.maxBytesBeforeConnect,
    websocketMessageBytes: config.maxWebsocketMessageBytes,
    softQueueBytes: config.softQueueBytes,
    hardQueueBytes: config.hardQueueBytes,
    stallTimeoutMs: config.stallTimeout,
    logInTimeoutMs: config.logInTimeout,
    frames: {
      ...proxy.frames,
      maxHeaders: config.maxFrameHeaders,
      maxHeaderSectionBytes: config.maxFrameHeaderBytes,
      maxHeaderLineBytes: Math.min(proxy.frames.maxHeaderLineBytes, config.maxFrameHeaderBytes),
      maxBodyBytes: config.maxFrameBodyBytes,
    },
  };
}

export function databaseLimitsOf(config: LimitConfig): DatabaseLimits {
  const { maxDepth, maxKeyBytes, maxLeafBytes, maxWriteBytes } = config;
  return {
    tree: { ...tree, maxDepth, maxKeyBytes, maxLeafBytes, maxWriteBytes },
    maxSnapshotBytes: config.maxSnapshotBytes,
    maxSubscriptions: config.maxSubscriptions,
    maxQueuedOperations: config.maxQueuedOperations,
    maxOnDisconnectOperations: config.maxOnDisconnectOperations,
    maxOnDisconnectCharacters: config.maxOnDisconnectCharacters,
    maxResumeCommits: config.maxResumeCommits,
    maxResumeBytes: config.maxResumeBytes,
    historyCommits: config.historyCommits,
    historyBytes: config.historyBytes,
    idempotencyKeys: config.idempotencyKeys,
    journalPatienceMs: config.journalPatience,
  };
}

function lifted(limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

function count(group: string, fallback: number, description: string): Option<number> {
  return integer({ group, default: fallback, min: 1, max: Number.MAX_SAFE_INTEGER, description });
}

/** A limit of one connection that 0 lifts. */
function liftable(description: string, fallback: number, placeholder?: 'SIZE'): Option<number> {
  const described = { group: CONNECTION, default: fallback, min: 0, description: `${description} 0 lifts the limit.` };
  return placeholder ? size(described) : integer({ ...described, max: Number.MAX_SAFE_INTEGER });
}

function bytes(group: string, fallback: number, description: string): Option<number> {
  return size({ group, default: fallback, min: 1, description });
}

function time(fallback: number, description: string): Option<number> {
  return duration({ group: CONNECTION, default: fallback, min: 1, description });
}
