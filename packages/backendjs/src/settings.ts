import { BacksideError } from '@backside/protocol';
import { type Bounds, LIMIT_NAME, type LimitNames, limitsOf } from './access/limit-settings.js';
import { toBool, toList } from './http/coercion.js';
import { readPageView } from './pages/page-view.js';
import type { Setting } from './setting.js';
import { SETTINGS, type SingleSettings } from './single-settings.js';

const ANY: readonly [number, number] = [0, Number.MAX_SAFE_INTEGER];

/** Other names that the original's documents use for the same. */
const ALIASES: Readonly<Record<string, keyof SingleSettings>> = {
  'api-signature-name': 'signatureName',
  'deny-path': 'deny',
  'api-deny-path': 'deny',
  'allow-path': 'allow',
  'api-allow-path': 'allow',
  'api-ignore-allow-path': 'ignoreAllow',
};

/** Settings of which there is one per name that the operator chooses. */
interface Families {
  /** By account type: paths that need an account of the type. */
  readonly allowAccount: ReadonlyMap<string, readonly string[]>;
  /** By account type: paths that it may not have. */
  readonly denyAccount: ReadonlyMap<string, readonly string[]>;
  /** By regular expression on `host/path`: where to redirect. */
  readonly redirects: ReadonlyMap<string, string>;
  /** By regular expression on the path: where to redirect who is refused with 401 to 499. */
  readonly loginRedirects: ReadonlyMap<string, string>;
  /** By regular expression on the path: the path that serves it. */
  readonly routing: ReadonlyMap<string, string>;
  /** By what is limited: `ip`, `path`, `login`, `id`. */
  readonly rateLimits: ReadonlyMap<string, Bounds>;
}

/** Everything an operator may set about the legacy API; see `SETTINGS` for defaults and units. */
export type BackendjsSettings = SingleSettings & Families;

const FAMILIES = {
  'api-allow-account-': 'allowAccount',
  'api-deny-account-': 'denyAccount',
  'api-redirect-url-': 'redirects',
  'api-login-redirect-': 'loginRedirects',
  'api-routing-': 'routing',
} as const;

/**
 * The settings in force, from values under the original's names (`api-upload-limit`, …), texts or JSON. Throws `invalid-data` for
 * names that there are not, numbers out of range, expressions that are none and a `pages-view` that cannot be shown.
 */
export function parseBackendjsSettings(values: Readonly<Record<string, unknown>> = {}): BackendjsSettings {
  const single: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(SETTINGS)) single[key] = setting.fallback;
  const families = {
    allowAccount: new Map<string, readonly string[]>(),
    denyAccount: new Map<string, readonly string[]>(),
    redirects: new Map<string, string>(),
    loginRedirects: new Map<string, string>(),
    routing: new Map<string, string>(),
  };
  const limits: LimitNames = new Map();
  for (const [name, value] of Object.entries(values)) {
    const key = keyOf(name);
    if (key === 'allow') single[key] = [...SETTINGS.allow.fallback, ...listOf(value)];
    else if (key !== null) single[key] = readValue(SETTINGS[key], value);
    else if (LIMIT_NAME.test(name)) limits.set(name, Number(value));
    else addToFamily(families, name, value);
  }
  const settings = { ...(single as unknown as SingleSettings), ...families, rateLimits: limitsOf(limits) };
  checkExpressions(settings);
  readPageView(settings.pagesView);
  if (!['writes', 'all', 'none'].includes(settings.signatureOnce)) {
    throw new BacksideError('invalid-data', 'api-signature-once is writes, all or none');
  }
  return settings;
}

/** The settings as an admin may see them, under the original's names with a dash before: secrets are masked. */
export function describeSettings(settings: BackendjsSettings): Map<string, string> {
  return new Map(
    Object.entries(SETTINGS).map(([key, { name, ...rest }]) => {
      const value = settings[key as keyof SingleSettings];
      const shown = 'secret' in rest && rest.secret && value !== '' ? '***' : String(value);
      return [`-${name}`, shown];
    }),
  );
}

function keyOf(name: string): keyof SingleSettings | null {
  const found = Object.entries(SETTINGS).find(([, setting]) => setting.name === name);
  if (found !== undefined) return found[0] as keyof SingleSettings;
  return Object.hasOwn(ALIASES, name) ? ALIASES[name]! : null;
}

function readValue(setting: Setting<unknown>, value: unknown): unknown {
  const { name, kind, range = ANY } = setting;
  if (kind === 'flag') return toBool(value);
  if (kind === 'text') return String(value);
  if (kind === 'list') return listOf(value);
  const [least, most] = range;
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (!(number >= least && number <= most)) {
    throw new BacksideError('invalid-data', `${name} is a number from ${least} to ${most}`);
  }
  return number;
}

/** Expressions hold commas and pipes: a text is one entry, unless it is a list of plain words. */
function listOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  const text = String(value);
  return /[\^$()[\]\\{}?+]/.test(text) ? [text] : toList(text);
}

function addToFamily(
  families: { [Key in Exclude<keyof Families, 'rateLimits'>]: Map<string, unknown> },
  name: string,
  value: unknown,
): void {
  for (const [prefix, family] of Object.entries(FAMILIES)) {
    if (!name.startsWith(prefix) || name === prefix) continue;
    const lists = family === 'allowAccount' || family === 'denyAccount';
    families[family].set(name.slice(prefix.length), lists ? listOf(value) : String(value));
    return;
  }
  throw new BacksideError('invalid-data', `There is no setting ${name}`);
}

const EXPRESSIONS = [
  'denyIp',
  'deny',
  'allowIp',
  'allow',
  'ignoreAllow',
  'allowAnonymous',
  'allowAdmin',
  'allowAuthenticated',
  'disableSession',
  'allowSsl',
  'redirectSsl',
] as const;

function checkExpressions(settings: BackendjsSettings): void {
  const all = [
    ...EXPRESSIONS.flatMap((key) => settings[key]),
    ...[...settings.allowAccount.values(), ...settings.denyAccount.values()].flat(),
    ...settings.redirects.keys(),
    ...settings.loginRedirects.keys(),
    ...settings.routing.keys(),
  ];
  for (const source of all) {
    try {
      new RegExp(source);
    } catch (cause) {
      throw new BacksideError('invalid-data', `Not a regular expression: ${source}`, { cause });
    }
  }
}
