import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.js';
import { readConfigFile } from './config-file.js';
import { assertKnownEnvironment, readEnvironment } from './environment.js';
import { parseFlags } from './flags.js';
import { SERVER_OPTIONS, type ServerConfig } from './server-options.js';
import { type Effective, resolveSettings, type Settings } from './setting.js';

const folder = mkdtempSync(join(tmpdir(), 'backside-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function flags(...argv: string[]): Settings {
  return parseFlags(argv, SERVER_OPTIONS).settings;
}

function environment(variables: Record<string, string>): Settings {
  return readEnvironment(variables, SERVER_OPTIONS);
}

function file(text: string): Settings {
  const path = join(folder, 'config.json');
  writeFileSync(path, text);
  return readConfigFile(path, SERVER_OPTIONS);
}

function resolve(...sources: Settings[]): Effective<ServerConfig> {
  return resolveSettings(SERVER_OPTIONS, sources);
}

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(folder, 'DIR');
    throw error;
  }
  return 'none';
}

describe('precedence', () => {
  const all = [
    () => flags('--port', '1'),
    () => environment({ BACKSIDE_PORT: '2', BACKSIDE_TCP_PORT: '3' }),
    () => file('{"port": 4, "tcpPort": 5, "workers": 6}'),
  ];

  test('flags win over the environment, the environment over the file, the file over the defaults', () => {
    const { values } = resolve(...all.map((source) => source()));
    expect([values.port, values.tcpPort, values.workers, values.host]).toEqual([1, 3, 6, '127.0.0.1']);
  });

  test('each value says where it comes from', () => {
    const { origins } = resolve(...all.map((source) => source()));
    expect(origins.port.place).toBe('--port');
    expect(origins.tcpPort.place).toBe('BACKSIDE_TCP_PORT');
    expect(origins.workers.place).toBe(`${folder}/config.json: workers (line 1)`);
    expect(origins.host.place).toBe('default');
  });

  test('the last of several equal flags wins', () => {
    expect(resolve(flags('--port', '1', '--port=2')).values.port).toBe(2);
  });
});

describe('values', () => {
  test('sizes and times have units or are plain numbers', () => {
    const { values } = resolve(
      flags('--max-write-bytes', '2MiB', '--drain-timeout', '3s', '--hard-queue-bytes', '4096', '--stall-timeout', '5'),
    );
    expect([values.maxWriteBytes, values.drainTimeout, values.hardQueueBytes, values.stallTimeout]).toEqual([
      2 * 2 ** 20,
      3_000,
      4096,
      5,
    ]);
  });

  test('lists are separated by commas, and switches have a negative', () => {
    const { values } = resolve(
      flags('--databases', 'one, two', '--no-journal-prior-values'),
      environment({ BACKSIDE_JOURNAL_PRIOR_VALUES: 'true' }),
    );
    expect(values.databases).toEqual(['one', 'two']);
    expect(values.journalPriorValues).toBe(false);
  });

  test('indexes are JSON in a flag and in the file', () => {
    const json = '[{"pattern": "/users/$id/pets", "by": "name/last"}, {"pattern": "/", "by": "value"}]';
    const expected = [
      { pattern: ['users', '$id', 'pets'], by: ['name', 'last'] },
      { pattern: [], by: 'value' },
    ];
    expect(resolve(flags('--indexes', json)).values.indexes).toEqual(expected);
    expect(resolve(file(`{"indexes": ${json}}`)).values.indexes).toEqual(expected);
  });

  test.each([
    ['--allowed-origins', '*,https://app.example.com,http://localhost:3000,capacitor://localhost'],
    ['--redirect-urls', 'https://app.example.com/signed-in,com.example.app:/back'],
    ['--mail-from', 'Example <mail@example.com>'],
    ['--mail-from', 'backside@localhost'],
    ['--smtp-url', 'smtp://user:p%40ss@localhost:2525'],
  ])('%s may be %s', (flag, value) => {
    expect(problemOf(() => resolve(flags(flag, value)))).toBe('none');
  });

  test('null in the file stands for a text that is not given', () => {
    expect(resolve(file('{"tlsCert": null}')).values.tlsCert).toBeNull();
  });
});

describe('refusals name the problem and the place', () => {
  test.each<[string, () => unknown, string]>([
    ['an unknown flag', () => flags('--prot', '1'), '--prot: unknown flag; did you mean --port?'],
    ['an unknown flag like nothing known', () => flags('--xyzzy'), '--xyzzy: unknown flag'],
    ['a flag without a value', () => flags('--port'), '--port: needs a value (PORT)'],
    ['a flag before another', () => flags('--data', '--port=1'), '--data: needs a value (DIR)'],
    [
      'a value that is none',
      () => resolve(flags('--port', 'x')),
      '--port: must be a whole number from 0 to 65535 (it is "x")',
    ],
    [
      'a value out of bounds in the environment',
      () => resolve(environment({ BACKSIDE_PORT: '70000' })),
      'BACKSIDE_PORT: must be a whole number from 0 to 65535 (it is 70000)',
    ],
    [
      'an unknown variable',
      () => assertKnownEnvironment({ BACKSIDE_PROT: '1', HOME: '/' }, ['port']),
      'BACKSIDE_PROT: unknown environment variable; did you mean BACKSIDE_PORT?',
    ],
    [
      'an unknown key',
      () => file('{\n  "port": 1,\n  "tcp-port": 2\n}'),
      'DIR/config.json: tcp-port (line 3): unknown key; did you mean tcpPort?',
    ],
    [
      'a key of the object prototype',
      () => file('{"__proto__": 1}'),
      'DIR/config.json: __proto__ (line 1): unknown key',
    ],
    [
      'a value of the wrong kind in the file',
      () => resolve(file('{\n"port": "5000"\n}')),
      'DIR/config.json: port (line 2): must be a whole number from 0 to 65535 (it is "5000")',
    ],
    [
      'a value inside a value',
      () => resolve(file('{"indexes": [{"pattern": "/a", "by": 3}]}')),
      'DIR/config.json: indexes (line 1) at 0.by: must be a path or value (it is 3)',
    ],
    ['a file that holds no object', () => file('[]'), 'DIR/config.json: must hold one JSON object'],
    [
      'a mode that is none',
      () => resolve(flags('--mode', 'test')),
      '--mode: must be production or development (it is "test")',
    ],
    [
      'a size with an unknown unit',
      () => resolve(flags('--max-write-bytes', '2parsec')),
      '--max-write-bytes: must be a number of bytes, or one with a unit such as 16MiB, at least 1 (it is "2parsec")',
    ],
    ['no database', () => resolve(flags('--databases', '')), '--databases: must have at least 1 entry (it is [])'],
    [
      'a database twice',
      () => resolve(flags('--databases', 'a,b,a')),
      '--databases: must not have an entry twice (it is ["a","b","a"])',
    ],
    [
      'a database name with a slash',
      () => resolve(flags('--databases', 'a/b')),
      '--databases at 0: is not a valid entry (it is "a/b")',
    ],
    [
      'a mail server that is none, without its password',
      () => resolve(flags('--smtp-url', 'http://user:hidden@mail')),
      '--smtp-url: The mail server must be smtp://HOST or smtps://HOST',
    ],
    [
      'a sender that is none',
      () => resolve(flags('--mail-from', 'foo')),
      '--mail-from: The sender of mails is not a name and an address (it is "foo")',
    ],
    [
      'a key that is none',
      () => resolve(environment({ BACKSIDE_CUSTOM_TOKEN_KEYS: '[{"algorithm":"ES256","key":"xx"}]' })),
      'BACKSIDE_CUSTOM_TOKEN_KEYS at 0: The ES256 key is neither PEM nor JWK of a public key',
    ],
    [
      'a provider without TLS',
      () => resolve(file('{"oidcProviders": [{"name": "a", "issuer": "http://id.example.com", "clientId": "b"}]}')),
      'DIR/config.json: oidcProviders (line 1) at 0: A sign-in provider must be reached by https',
    ],
    [
      'an origin that no browser sends',
      () => resolve(flags('--allowed-origins', 'https://a.example.com,https://b.example.com/')),
      '--allowed-origins at 1: must be * or an origin as browsers send it, such as https://app.example.com (it is "https://b.example.com/")',
    ],
    [
      'an address that is none',
      () => resolve(flags('--host', '999.1.1.1')),
      '--host: must be an address of this machine, or a name of one (it is "999.1.1.1")',
    ],
    [
      'a place to return to that is none',
      () => resolve(flags('--redirect-urls', 'foo')),
      '--redirect-urls at 0: must be a URL (it is "foo")',
    ],
  ])('%s', (_what, run, message) => {
    expect(problemOf(run)).toBe(message);
  });

  test('a file may begin with a byte order mark', () => {
    expect(resolve(file('\ufeff{"port": 7}')).values.port).toBe(7);
  });

  test('a file that is not JSON, or is not there', () => {
    expect(problemOf(() => file('{"port": }'))).toMatch(/^DIR\/config.json: is not JSON: /);
    expect(problemOf(() => file('{\n  "port": 1,\n  port: 2\n}'))).toMatch(
      /: is not JSON: line 3, column 3 \(byte 17\): /,
    );
    expect(problemOf(() => file('{\n  "port": 1,\n}'))).toMatch(
      /: is not JSON: line 3, column 1 \(byte 15\): a key expected$/,
    );
    expect(problemOf(() => file(''))).toMatch(
      /: is not JSON: line 1, column 1 \(byte 0\): the document ends too early$/,
    );
    expect(problemOf(() => readConfigFile(join(folder, 'none.json'), SERVER_OPTIONS))).toMatch(
      /^DIR\/none.json: cannot be read: ENOENT/,
    );
  });
});
