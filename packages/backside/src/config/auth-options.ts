import {
  assertCustomTokenKey,
  assertSmtpUrl,
  type CustomTokenKey,
  createOidcProvider,
  DEFAULT_AUTH_SETTINGS,
  type OidcConfig,
  parseMailFrom,
} from '@backside/auth';
import * as v from 'valibot';
import {
  integer,
  jsonFromText,
  list,
  type Option,
  type OptionTable,
  option,
  passes,
  requiredText,
  text,
  toggle,
} from './option.js';
import { duration } from './quantity.js';

/** An OpenID Connect provider as configured: data that can be handed to another process. */
type OidcSettings = Omit<OidcConfig, 'issuer'> & { readonly issuer: string };

/** Who may sign in, and how. Times are milliseconds. */
export interface AuthConfig {
  readonly publicUrl: string | null;
  readonly trustedProxies: readonly string[];
  readonly passwordSignIn: boolean;
  readonly signUp: boolean;
  readonly anonymous: boolean;
  readonly passwordCost: number;
  readonly minPasswordLength: number;
  readonly accessTokenLifetime: number;
  readonly sessionIdleLifetime: number;
  readonly sessionLifetime: number;
  readonly customTokenKeys: readonly CustomTokenKey[];
  readonly oidcProviders: readonly OidcSettings[];
  readonly redirectUrls: readonly string[];
  readonly authProviders: readonly string[];
  readonly smtpUrl: string | null;
  readonly mailFrom: string;
}

const group = 'Sign-in';
const defaults = DEFAULT_AUTH_SETTINGS;
const words = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'));

const CUSTOM_TOKEN_KEY = v.strictObject(
  {
    kid: v.optional(words),
    algorithm: v.picklist(['HS256', 'RS256', 'ES256', 'EdDSA'], 'must be HS256, RS256, ES256 or EdDSA'),
    key: words,
    issuer: v.optional(words),
    audience: v.optional(words),
  },
  'must be an object of algorithm, key and optionally kid, issuer, audience',
);

const OIDC_PROVIDER = v.strictObject(
  {
    name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -')),
    issuer: v.pipe(v.string(), v.url('must be a URL')),
    clientId: words,
    clientSecret: v.optional(words),
    scopes: v.optional(v.array(words)),
    audience: v.optional(v.union([words, v.array(words)])),
    allowInsecureHttp: v.optional(v.boolean()),
  },
  'must be an object of name, issuer, clientId and optionally clientSecret, scopes, audience, allowInsecureHttp',
);

export const AUTH_OPTIONS: OptionTable<AuthConfig> = {
  publicUrl: text({
    group,
    placeholder: 'URL',
    description:
      'Where clients reach this server, such as `https://data.example.com`: the only base of links in mails and of redirects. Without it, the address that the server listens on.',
  }),
  trustedProxies: list({
    group,
    default: [],
    description: 'Addresses and networks of the proxies in front, whose `X-Forwarded-For` is believed.',
  }),
  passwordSignIn: toggle({ group, default: defaults.passwordSignIn, description: 'Sign-in by login and password.' }),
  signUp: toggle({ group, default: defaults.signUp, description: 'Anybody may make an account with a password.' }),
  anonymous: toggle({ group, default: defaults.anonymous, description: 'Anybody may make an account without a name.' }),
  passwordCost: integer({
    group,
    default: defaults.passwordCost,
    min: 10,
    max: 14,
    description: "bcrypt's cost of password hashes; older ones of less are made anew at sign-in.",
  }),
  minPasswordLength: integer({
    group,
    default: defaults.minPasswordLength,
    min: 8,
    max: 72,
    description: 'Characters that a password needs.',
  }),
  accessTokenLifetime: duration({
    group,
    default: defaults.accessTokenMs,
    min: 1_000,
    description: 'How long an access token is good; a client renews it with its refresh token.',
  }),
  sessionIdleLifetime: duration({
    group,
    default: defaults.sessionIdleMs,
    min: 1_000,
    description: 'How long a session lives without being used.',
  }),
  sessionLifetime: duration({
    group,
    default: defaults.sessionMaxMs,
    min: 1_000,
    description: 'How long a session lives at most.',
  }),
  customTokenKeys: jsonList(CUSTOM_TOKEN_KEY as v.GenericSchema<unknown, CustomTokenKey>, {
    assert: assertCustomTokenKey,
    description:
      'Keys of your own application, whose tokens sign users in: `[{"algorithm": "ES256", "key": "-----BEGIN PUBLIC KEY-----…"}]`.',
  }),
  oidcProviders: jsonList(OIDC_PROVIDER as v.GenericSchema<unknown, OidcSettings>, {
    assert: (settings) => createOidcProvider({ ...settings, issuer: new URL(settings.issuer) }, { now: () => 0 }),
    description:
      'OpenID Connect providers: `[{"name": "example", "issuer": "https://id.example.com", "clientId": "…", "clientSecret": "…"}]`.',
  }),
  redirectUrls: list({
    group,
    default: [],
    assert: assertUrl,
    description: 'Where a sign-in at such a provider may lead back to: URLs, or beginnings of URLs that end in `/`.',
  }),
  authProviders: list({
    group,
    default: [],
    description:
      'Modules of your own that know users, such as `./ldap.js`: the default export of each is an `AuthProvider` of @backside/auth.',
  }),
  smtpUrl: text({
    group,
    placeholder: 'URL',
    secret: true,
    assert: assertSmtpUrl,
    description:
      'The mail server, such as `smtps://user:password@mail.example.com`. Without it mails are printed in development and cannot be sent in production.',
  }),
  mailFrom: requiredText({
    group,
    default: 'backside@localhost',
    placeholder: 'ADDRESS',
    assert: parseMailFrom,
    description: 'The sender of mails: an address, or `Name <address>`.',
  }),
};

/** An application's own scheme is as good: browsers lead there as well. */
function assertUrl(text: string): void {
  if (!/^[a-z][a-z0-9+.-]*:\//i.test(text) || !URL.canParse(text)) throw new Error('must be a URL');
}

/** A list of objects, given as JSON. May hold secrets, so it is never printed. */
function jsonList<Item>(
  item: v.GenericSchema<unknown, Item>,
  { description, assert }: { readonly description: string; readonly assert: (item: Item) => unknown },
): Option<readonly Item[]> {
  const schema = v.array(v.pipe(item, passes(assert)), 'must be a list of objects');
  return option(schema as v.GenericSchema<unknown, readonly Item[]>, {
    group,
    description,
    default: [],
    placeholder: 'JSON',
    secret: true,
    fromText: jsonFromText,
  });
}
