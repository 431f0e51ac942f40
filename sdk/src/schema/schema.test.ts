// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the lines are code that holds templates
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const FILE = fileURLToPath(new URL('./example-of-use.ts', import.meta.url));

/** What all the lines below are written against. `db` has a schema, `free` has none. */
const PREAMBLE = `
import type { Json } from '@backside/tree';
import type {
  AnySchema, PathOf, PatternOf, SchemaAt, TypedApi, TypedQuery, TypedReference, TypedSnapshot, ValueAt, WriteAt,
} from './index.js';
import type { OnDisconnect } from '../reference/on-disconnect.js';
import type { Query } from '../reference/query.js';
import type { Reference } from '../reference/reference.js';
import type { DataSnapshot } from '../reference/snapshot.js';
import { pathsOf } from './index.js';
import type { Database } from '../database.js';
import type { Backside } from '../backside.js';
import { hooksOf, type ReactClient } from '../react/index.js';
interface Schema {
  users: { $uid: { name: string; age: number; address?: { city: string; zip?: string }; role: 'admin' | 'guest' } };
  rooms: { lobby: { topic: string }; $room: { topic: string; messages: { $id: { by: string; text: string; time: number } } } };
  settings: { theme: 'light' | 'dark'; limits: number[] };
  anything: Json;
}
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(equal: Equal<A, B>): void;
declare const db: TypedApi<Schema>;
declare const client: Backside<Schema>;
declare const free: Backside;
declare const uid: string;
declare const which: 'theme' | 'limits';
const path = pathsOf<Schema>();
const hooks = hooksOf<Schema>();
void path; void free; void db; void uid; void which; void same; void client; void hooks;
`;

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  customConditions: ['source'],
  strict: true,
  exactOptionalPropertyTypes: true,
  erasableSyntaxOnly: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

/** An editor with one file open, whose text can be replaced. */
function openEditor(): { service: ts.LanguageService; type(text: string): void } {
  let text = '';
  let version = 0;
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [FILE],
    getScriptVersion: (file) => (file === FILE ? String(version) : '0'),
    getScriptSnapshot: (file) => {
      const content = file === FILE ? text : ts.sys.readFile(file);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => ts.sys.getCurrentDirectory(),
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: (file) => file === FILE || ts.sys.fileExists(file),
    readFile: ts.sys.readFile,
    realpath: (file) => ts.sys.realpath?.(file) ?? file,
  });
  return {
    service,
    type: (next) => {
      text = next;
      version++;
    },
  };
}

const editor = openEditor();

/** The lines that the compiler accepts. */
function accepted(lines: readonly string[]): string[] {
  editor.type(PREAMBLE + lines.join('\n'));
  const first = PREAMBLE.split('\n').length - 1;
  const wrong = new Set<number>();
  const problems = [...editor.service.getSyntacticDiagnostics(FILE), ...editor.service.getSemanticDiagnostics(FILE)];
  for (const { start = 0, file, messageText } of problems) {
    const line = file!.getLineAndCharacterOfPosition(start).line;
    if (line < first) throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    wrong.add(line - first);
  }
  return lines.filter((_line, index) => !wrong.has(index));
}

/** What an editor shows where the bar stands: of what the compiler offers, that which begins as the text in front of the bar does. */
function offered(code: string): string[] {
  const cursor = PREAMBLE.length + code.indexOf('|');
  const typed = /[^']*$/.exec(code.slice(0, code.indexOf('|')))![0];
  editor.type(PREAMBLE + code.replace('|', ''));
  const names = (editor.service.getCompletionsAtPosition(FILE, cursor, {})?.entries ?? []).map(({ name }) => name);
  return names.filter((name) => name.startsWith(typed) && name !== typed).sort();
}

function expectAccepted(lines: readonly string[]): void {
  expect(accepted(lines)).toEqual(lines);
}

function expectRefused(lines: readonly string[]): void {
  expect(accepted(lines)).toEqual([]);
}

describe('a typed client', () => {
  it('accepts the paths of its schema', () =>
    expectAccepted([
      `db.get('/');`,
      `db.get('/users');`,
      `db.get('/users/bob/age');`,
      'db.get(`/users/${uid}`);',
      'db.get(`/users/${uid}/address/city`);',
      'db.get(`/users/user-${uid}/name`);',
      'db.get(`/settings/${which}`);',
      `db.get('/settings/limits/0');`,
      `db.get('/anything/at/all');`,
    ]));

  it('refuses a path that is misspelt, at any depth', () =>
    expectRefused([
      `db.get('/user');`,
      `db.get('/users/bob/agee');`,
      'db.get(`/users/${uid}/adress/city`);',
      `db.get('/users/bob/name/first');`,
      `db.get('/rooms/lobby/messages');`,
      `db.get('/settings/limits/first');`,
      'db.get(`/settings/${uid}`);',
      `db.on('/users/bob/nam', () => undefined);`,
      `db.ref('/users/bob/nam');`,
      `db.changes('/nowhere');`,
      `client.get('/users/bob/agee');`,
    ]));

  it('refuses what only looks like a path', () =>
    expectRefused([
      `db.get('users');`,
      `db.get('/users/');`,
      `db.get('/users//age');`,
      `db.get('/users/$uid');`,
      `db.get(uid);`,
    ]));

  it('knows the values that are read', () =>
    expectAccepted([
      `same<Awaited<ReturnType<typeof db.get<'/users/bob/age'>>>, number | null>(true);`,
      `same<ValueAt<Schema, '/users/$uid/age'>, number>(true);`,
      `same<ValueAt<Schema, '/settings'>, { theme: 'light' | 'dark'; limits: number[] }>(true);`,
      `same<ValueAt<Schema, '/users'>[string]['address'], { city: string; zip?: string } | undefined>(true);`,
      `db.on('/rooms', (rooms) => rooms?.lobby.topic.trim());`,
      `db.on('/rooms', (rooms) => rooms?.['x']?.topic.trim());`,
      `same<ValueAt<Schema, '/rooms/$room/messages/$id/time'>, number>(true);`,
      `same<ValueAt<Schema, '/anything/x'>, Json>(true);`,
      `db.on('/users/bob', (value) => value?.address?.city.toUpperCase());`,
      'db.transaction(`/users/${uid}/age`, (age) => (age ?? 0) + 1);',
    ]));

  it('refuses to read what is not there, and to forget that nothing may be there', () =>
    expectRefused([
      `db.on('/users/bob', (value) => value?.agee);`,
      `db.on('/users/bob', (value) => value.age);`,
      `db.on('/users/bob', (value) => value?.address.city);`,
      `db.on('/users/bob/age', (value: string | null) => value);`,
    ]));

  it('accepts values, server values for numbers, and null to remove', () =>
    expectAccepted([
      `db.set('/users/bob/age', 74);`,
      `db.set('/users/bob/age', { '.sv': { increment: 1 } });`,
      `db.set('/users/bob/age', null);`,
      `db.set('/users/bob', { name: 'Bob', age: 74, role: 'guest', address: null });`,
      `db.set('/settings/limits', [1, 2]);`,
      `db.push('/rooms/x/messages', { by: 'bob', text: 'hi', time: { '.sv': 'timestamp' } });`,
      `db.update('/users/bob', { age: 75, 'address/city': 'Lyon', address: null });`,
      `db.update('/', { 'users/bob/age': 1, 'settings/theme': 'dark' });`,
      'db.update(`/users/${uid}`, { role: "admin" });',
    ]));

  it('refuses values of another type', () =>
    expectRefused([
      `db.set('/users/bob/age', '74');`,
      `db.set('/users/bob/name', { '.sv': 'timestamp' });`,
      `db.set('/users/bob', { name: 'Bob' });`,
      `db.set('/users/bob', { name: 'Bob', age: 1, role: 'guest', hair: 'gray' });`,
      `db.set('/settings/theme', 'blue');`,
      `db.push('/rooms/x/messages', { by: 'bob', text: 'hi' });`,
      `db.push('/users/bob/age', 1);`,
      `db.update('/users/bob', { age: '75' });`,
      `db.update('/users/bob', { agee: 75 });`,
      `db.update('/', { 'users/bob/agee': 1 });`,
      `db.transaction('/users/bob/age', () => 'old');`,
    ]));

  it('follows references, snapshots and queries', () => {
    expectAccepted([
      `db.ref('/users').orderByChild('age').limitToLast(10).on('child_added', (snap) => snap.val()?.name.trim());`,
      `db.ref('/users').orderByChild('address/city').equalTo('Lyon').on('value', (snap) => snap.val()?.['bob']?.age.toFixed());`,
      `db.on('/users', () => {}, { query: { orderBy: 'address/city', startAt: 'L', limitToFirst: 3 } });`,
      `db.get('/users', { query: { orderBy: '$key', endAt: 'bob' } });`,
      `db.ref('/rooms/x/messages').push({ by: 'bob', text: 'hi', time: 1 }).then((message) => message.child('text').set('ho'));`,
      `db.ref('/users/bob/age').onDisconnect().set(3);`,
      `for (const user of await db.ref('/users').once()) user.val()?.name.trim();`,
      `db.ref('/users').child('bob').child('age').set(3);`,
      `db.ref().child('settings/theme').set('dark');`,
      `db.ref('/users/bob').on('value', (snap) => snap.child('address/city').val()?.trim());`,
      `db.ref('/users').get().then((snap) => snap.forEach((user) => { user.val()?.age.toFixed(); }));`,
      `db.ref('/users/bob').update({ age: 3 });`,
      `for await (const snap of db.changes('/settings')) snap.val()?.theme.trim();`,
      `export {};`,
    ]);
    expectRefused([
      `db.ref('/users').orderByChild('agee');`,
      `db.ref('/users').orderByChild('/age');`,
      `db.on('/users', () => {}, { query: { orderBy: 'agee' } });`,
      `db.get('/users', { query: { limitToFrist: 1 } });`,
      `db.ref('/users').push({ name: 'Bob' });`,
      `db.ref('/users/bob/age').onDisconnect().set('x');`,
      `db.ref('/users').child('bob/agee');`,
      `db.ref('/users').child('bob').set(3);`,
      `db.ref('/users/bob').on('value', (snap) => snap.child('adress'));`,
      `db.ref('/users').on('child_aded', () => undefined);`,
      `db.ref('/users/bob').update({ age: 'x' });`,
    ]);
  });

  it('has all that a client without a schema has', () =>
    expectAccepted([
      `same<Exclude<keyof Reference, keyof TypedReference<Schema>>, never>(true);`,
      `same<Exclude<keyof Query, keyof TypedQuery<Schema>>, never>(true);`,
      `same<Exclude<keyof DataSnapshot, keyof TypedSnapshot<Schema>>, never>(true);`,
      `same<Exclude<keyof OnDisconnect, keyof ReturnType<TypedReference<Schema>['onDisconnect']>>, never>(true);`,
      `same<Exclude<keyof Database, keyof Backside<Schema>>, never>(true);`,
    ]));

  it('knows the schema of the root again, and nothing of what is only above', () => {
    expectAccepted([
      `db.ref('/users/bob').root.child('settings/theme').set('dark');`,
      `db.ref('/users').push().child('name').root.child('users/bob').isEqual(db.ref('/users/bob'));`,
      `db.ref('/users/bob').parent?.child('whatever').set(1);`,
      `db.ref('/users').orderByChild('age').ref.root.child('rooms').toString().trim();`,
    ]);
    expectRefused([
      `db.ref('/users/bob').root.child('settings/themes').set('dark');`,
      `db.ref('/users/bob').root.child('settings/theme').set('blue');`,
      `db.ref('/users').orderByChild('age').ref.root.child('roomz');`,
      `db.ref('/users/bob').isEqual('/users/bob');`,
    ]);
  });

  it('is free where there is no schema', () =>
    expectAccepted([
      `free.get('/whatever/it/is');`,
      'free.get(uid);',
      `free.set('/a', { b: [1, null, 'c'] });`,
      `free.update('/a', { b: 1, 'c/d': null });`,
      `free.ref('/a').child('b/c').orderByChild('x').on('child_added', (snap) => snap.val());`,
      `free.on('/a', (value) => same<typeof value, Json>(true));`,
    ]));

  it('types what the client is', () =>
    expectAccepted([
      `declare const raw: Database; const typed: TypedApi<AnySchema> = raw; void typed;`,
      `client.goOffline(); client.status === 'online'; client.connection.epoch;`,
      `client.get('/users/bob/age').then((age) => age?.toFixed());`,
    ]));

  it('types the React hooks, which take any client', () => {
    expectAccepted([
      `const port: ReactClient[] = [client, free]; void port;`,
      'hooks.useValue(`/users/${uid}/age`).value?.toFixed();',
      `hooks.useValue(uid === '' ? null : '/users/bob').value?.name.trim();`,
      `hooks.useList('/users', { orderBy: 'address/city', limitToLast: 3 }).items.map(({ key, value }) => key + value.age.toFixed());`,
    ]);
    expectRefused([
      `hooks.useValue('/users/bob/agee');`,
      `hooks.useValue('/users/bob/age').value.toFixed();`,
      `hooks.useList('/users', { orderBy: 'agee' });`,
      `hooks.useList('/users').items[0]?.value.agee;`,
    ]);
  });

  it('lists its paths', () =>
    expectAccepted([
      `same<Extract<PatternOf<Schema>, '/users/$uid/address/city'>, '/users/$uid/address/city'>(true);`,
      `same<PathOf<{ users: { $uid: { age: number } }; on: boolean }>, '/users' | \`/users/\${string}\` | \`/users/\${string}/age\` | '/on'>(true);`,
      `same<SchemaAt<Schema, '/nowhere'>, never>(true);`,
      `same<WriteAt<Schema, '/settings/theme'>, 'light' | 'dark'>(true);`,
      `interface Tree { label: string; $child: Tree } declare const tree: TypedApi<Tree>; tree.get('/a/b/c/d/e/f/g/h/i/j/label');`,
    ]));

  it('makes paths of patterns', () => {
    expectAccepted([
      `db.get(path('/users/$uid/age', { uid })).then((age) => age?.toFixed());`,
      `db.get(path('/rooms/$room/messages/$id', { room: 'r', id: 'i' })).then((message) => message?.text.trim());`,
    ]);
    expectRefused([
      `path('/users/$uid/agee', { uid });`,
      `path('/users/$uid/age', {});`,
      `path('/users/$uid', { id: uid });`,
    ]);
  });
});

describe('an editor', () => {
  it('offers the keys that may come next, also below keys that only the data knows', () => {
    expect(offered(`db.get('/|')`)).toEqual(['/anything', '/rooms', '/settings', '/users']);
    expect(offered(`db.get('/users/bob/|')`)).toEqual([
      '/users/bob/address',
      '/users/bob/age',
      '/users/bob/name',
      '/users/bob/role',
    ]);
    expect(offered(`db.get('/users/bob/address/c|')`)).toEqual(['/users/bob/address/city']);
    expect(offered(`db.get('/users/|')`)).toEqual(['/users/<uid>']);
  });

  it('offers patterns, the keys to order by, and the children to update', () => {
    expect(offered(`path('|', {})`)).toContain('/users/$uid/address/city');
    expect(offered(`db.ref('/users').orderByChild('|')`)).toEqual(['address', 'age', 'name', 'role']);
    expect(offered(`db.ref('/users/bob').child('address/|')`)).toEqual(['address/city', 'address/zip']);
  });
});
