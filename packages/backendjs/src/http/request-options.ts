import type { LegacyRequest } from './legacy-request.js';
import type { Params } from './params.js';

/** What a request tells about its client; nothing rests on it. */
export interface RequestOptions {
  readonly appName: string;
  readonly appVersion: string;
  /** `ios`, `android`, or empty. */
  readonly platform: string;
  /** The protocol version that the client speaks; empty if not said. */
  readonly version: string;
  /** Two letters; empty if not said. */
  readonly lang: string;
  /** Minutes from UTC, -720 to 720. */
  readonly tz: number;
}

/** From the parameters or headers `bk-app`, `bk-version`, `bk-lang`, `bk-tz`, or what browsers send anyway. */
export function requestOptions(request: LegacyRequest, params: Params): RequestOptions {
  const said = (name: string): string => {
    const header = request.headers[name];
    return params.text(name) || (typeof header === 'string' ? header : '');
  };
  const agent = request.headers['user-agent'] ?? '';
  const [appName = '', appVersion = '', platform] = (said('bk-app') || agent.split(' ', 1)[0]!).split('/');
  const lang = said('bk-lang') || (request.headers['accept-language'] ?? '').split(/[,;]/, 1)[0]!;
  const tz = Number.parseInt(said('bk-tz'), 10);
  return {
    appName: appName.slice(0, 64),
    appVersion: appVersion.slice(0, 64),
    platform: platform?.slice(0, 64) ?? platformOf(agent),
    version: said('bk-version').slice(0, 64),
    lang: lang.slice(0, 2).toLowerCase(),
    tz: Number.isNaN(tz) ? 0 : Math.min(Math.max(tz, -720), 720),
  };
}

function platformOf(agent: string): string {
  if (/\b(?:iPhone|iPad|iPod|CFNetwork)\b/.test(agent)) return 'ios';
  return /\bAndroid\b/i.test(agent) ? 'android' : '';
}
