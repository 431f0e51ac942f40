import { flag, list, number, type Setting, text } from './setting.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const MIB = 1024 * 1024;
const YEARS = 3650 * DAY;

/** The settings of which there is one each; what they mean, and in what unit, is in `SETTINGS`. */
export interface SingleSettings {
  readonly appName: string;
  readonly appVersion: string;
  readonly corsOrigin: string;
  readonly uploadLimit: number;
  readonly uploadsInFlight: number;
  readonly maxRequests: number;
  readonly maxLatencyMs: number;
  readonly maxCpu: number;
  readonly maxHeap: number;
  readonly maxRss: number;
  readonly jsonLenient: boolean;
  readonly signatureName: string;
  readonly signatureAgeMs: number;
  readonly signatureMaxMs: number;
  readonly signatureOnce: string;
  readonly signatureOnceMax: number;
  readonly noSignature: boolean;
  readonly noSession: boolean;
  readonly noAccessToken: boolean;
  readonly sessionSecret: string;
  readonly sessionAgeMs: number;
  readonly accessTokenName: string;
  readonly accessTokenSecret: string;
  readonly accessTokenAgeMs: number;
  readonly accessTokenLegacy: boolean;
  readonly loginReturnsSecret: boolean;
  readonly queryTokenSecret: string;
  readonly denyIp: readonly string[];
  readonly deny: readonly string[];
  readonly allowIp: readonly string[];
  readonly allow: readonly string[];
  readonly ignoreAllow: readonly string[];
  readonly allowAnonymous: readonly string[];
  readonly allowAdmin: readonly string[];
  readonly allowAuthenticated: readonly string[];
  readonly disableSession: readonly string[];
  readonly allowSsl: readonly string[];
  readonly redirectSsl: readonly string[];
  readonly minDistance: number;
  readonly maxDistance: number;
  readonly locationCoordinates: boolean;
  readonly iconsLimit: readonly string[];
  readonly connectionsAllow: readonly string[];
  readonly subscribeIntervalMs: number;
  readonly subscribeTimeoutMs: number;
  readonly pagesMain: string;
  readonly pagesView: string;
  readonly pushModule: string;
  readonly rateTotal: number;
  readonly wsPath: string;
}

/** The settings with one value each. The key is what the code calls them. */
export const SETTINGS: { readonly [Key in keyof SingleSettings]: Setting<SingleSettings[Key]> } = {
  appName: text('app-name', 'backside', 'what the Server header calls the application'),
  appVersion: text('app-version', '0.1.0', 'its version there'),
  corsOrigin: text('api-cors-origin', '*', 'origin that browsers may call from'),
  uploadLimit: number('api-upload-limit', 10 * MIB, [MIB, 100 * MIB], 'bytes of the largest body'),
  uploadsInFlight: number(
    'api-uploads-in-flight',
    256 * MIB,
    [MIB, 64 * 1024 * MIB],
    'bytes of all bodies that are being read or served; beyond it 503, and for one address beyond a quarter of it',
  ),
  maxRequests: number('api-max-requests', 10_000, [1, 1_000_000], 'requests under way at once; beyond it 503'),
  maxLatencyMs: number(
    'api-max-latency',
    0,
    [0, MINUTE],
    'ms that requests wait for their turn; beyond it 503; 0: any',
  ),
  maxCpu: number('api-max-cpu', 0, [0, 10_000], 'per cent of one core that the process uses; beyond it 503; 0: any'),
  maxHeap: number('api-max-memory-heap', 0, [0, 100], 'per cent of the heap that may be in use; beyond it 503; 0: any'),
  maxRss: number('api-max-memory-rss', 0, [0, 100], "per cent of the machine's memory; beyond it 503; 0: any"),
  jsonLenient: flag('api-json-lenient', false, 'take JSON that cannot be parsed as empty, as the original did'),
  signatureName: text('api-signature-header-name', 'bk-signature', 'header, query parameter and cookie of signatures'),
  signatureAgeMs: number('api-signature-age', 0, [0, DAY], 'how long past its expiry a signature is still taken, ms'),
  signatureMaxMs: number(
    'api-signature-max-age',
    DAY,
    [0, YEARS],
    'how far ahead a signature may expire, ms; 0: any time',
  ),
  signatureOnce: text(
    'api-signature-once',
    'writes',
    'which signatures are taken once only: writes (any request that is not known to only read), all, none',
  ),
  signatureOnceMax: number(
    'api-signature-once-max',
    200_000,
    [1_000, 10_000_000],
    'signatures remembered for that, of one login a twentieth at most; beyond it signed writes get 503',
  ),
  noSignature: flag('api-no-signature', false, 'refuse signatures'),
  noSession: flag('api-no-session', false, 'refuse and issue no session cookies'),
  noAccessToken: flag('api-no-access-token', false, 'refuse and issue no access tokens'),
  sessionSecret: text('api-session-secret', '', 'key of session cookies; without it there are none', { secret: true }),
  sessionAgeMs: number('api-session-age', 14 * DAY, [SECOND, YEARS], 'how long a session lasts, ms'),
  accessTokenName: text('api-access-token-name', 'bk-access-token', 'header and query parameter of access tokens'),
  accessTokenSecret: text('api-access-token-secret', '', 'key of access tokens; without it there are none', {
    secret: true,
  }),
  accessTokenAgeMs: number('api-access-token-age', 7 * DAY, [SECOND, YEARS], 'how long an access token lasts, ms'),
  accessTokenLegacy: flag(
    'api-access-token-legacy',
    false,
    'also take tokens in the form of the original, which is not authenticated',
  ),
  loginReturnsSecret: flag(
    'api-login-returns-secret',
    false,
    '/login gives the secret, if it was generated or scrambled',
  ),
  queryTokenSecret: text(
    'api-query-token-secret',
    '',
    'encrypts next_token: a column of bk_auth, or else the key itself',
    { secret: true },
  ),
  denyIp: list('api-deny-ip', [], 'addresses that are refused (regular expressions)'),
  deny: list('api-deny', [], 'paths that are refused'),
  allowIp: list('api-allow-ip', [], 'addresses that need no credentials'),
  allow: list('api-allow', ['^/login$', '^/logout$'], 'paths that need no credentials, added to the default'),
  ignoreAllow: list('api-ignore-allow', [], 'paths that need credentials in spite of the above'),
  allowAnonymous: list('api-allow-anonymous', [], 'paths that look at credentials and do without'),
  allowAdmin: list('api-allow-admin', [], 'paths for admins only'),
  allowAuthenticated: list('api-allow-authenticated', [], 'paths for every account, whatever its type'),
  disableSession: list('api-disable-session', [], 'paths where cookies do not count'),
  allowSsl: list('api-allow-ssl', [], 'paths that are refused without TLS'),
  redirectSsl: list('api-redirect-ssl', [], 'paths that are redirected to TLS'),
  minDistance: number('min-distance', 1, [0.01, 2500], 'kilometres between places that count as different'),
  maxDistance: number('max-distance', 50, [1, 20_000], 'kilometres of the widest search'),
  locationCoordinates: flag('location-coordinates', false, 'whether location searches show the coordinates of others'),
  iconsLimit: list('icons-limit', [], 'pairs of an icon prefix and how many of it one account may have; * is any'),
  connectionsAllow: list('connections-allow', [], 'type:operation pairs that are allowed; empty: all'),
  subscribeIntervalMs: number(
    'api-subscribe-interval',
    5 * SECOND,
    [0, 60 * SECOND],
    'how long a long poll collects events, ms',
  ),
  subscribeTimeoutMs: number(
    'api-subscribe-timeout',
    30 * 60 * SECOND,
    [60 * SECOND, 3600 * SECOND],
    'how long a long poll waits, ms',
  ),
  pagesMain: text('pages-main', '1', 'id of the first page'),
  pagesView: text('pages-view', '', 'file of HTML that pages are shown in, with `@TITLE@`, `@TOC@` and `@CONTENT@`'),
  pushModule: text('push-module', '', 'file of an ES module whose function `send` sends push messages'),
  rateTotal: number('rlimits-total', 1, [1, 10_000], 'servers that share the rate limits'),
  wsPath: text('ws-path', '/ws', 'where websocket requests are taken'),
};
