import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import { formatExplanation } from './format-explanation.js';
import { type Simulation, simulate } from './simulate.js';

const RULES = compileRules(`{"rules": {
  "settings": {".read": true},
  "rooms": {"$room": {
    ".read": "auth.uid != null &&
      root.child('members').child($room).child(auth.uid).exists()",
    ".write": "auth.n > 1 || true",
    "name": {".write": true, ".validate": "newData.isString()"}
  }}
}}`);

const explain = (op: Simulation['op'], auth: Simulation['auth'] = null): string[] =>
  formatExplanation(simulate(RULES, { data: { members: { r1: { ada: true } } }, auth, now: 0, op })).split('\n');

describe('an explanation for people', () => {
  it('shows each rule, what its variables stand for, and the value of each part below the part it belongs to', () => {
    const auth = { uid: 'bob', provider: 'password', token: {} };
    expect(explain({ type: 'read', path: '/rooms/r1' }, auth)).toEqual([
      'read /rooms/r1: denied, no rule on the way grants it',
      '  /rooms/$room/.read (4:14) at /rooms/r1: false',
      "    auth.uid != null && root.child('members').child($room).child(auth.uid).exists()",
      '    $room: "r1"',
      '      auth.uid != null: true',
      '        auth.uid: "bob"',
      '          auth: {"uid":"bob","provider":"password","token":{}}',
      "      root.child('members').child($room).child(auth.uid).exists(): false",
      "        root.child('members').child($room).child(auth.uid): → /members/r1/bob",
    ]);
  });

  it('says what went wrong', () => {
    const lines = explain({ type: 'write', path: '/rooms/r1', value: 1 });
    expect(lines[0]).toBe('write /rooms/r1: denied, no rule on the way grants it');
    expect(lines[1]).toMatch(/^ {2}\/rooms\/\$room\/\.write \(6:15\) at \/rooms\/r1: error, .+/);
  });

  it('names the .validate that does not hold', () => {
    const lines = explain({ type: 'write', path: '/rooms/r1/name', value: 1 });
    expect(lines[0]).toBe('write /rooms/r1/name: denied, /rooms/$room/name/.validate does not hold');
  });

  it('is short where there is little to say', () => {
    expect(explain({ type: 'read', path: '/settings' })).toEqual([
      'read /settings: allowed',
      '  /settings/.read (2:25) at /settings: true',
      '    true',
    ]);
    expect(explain({ type: 'read', path: '/none' })).toEqual(['read /none: denied, no rule on the way could grant it']);
  });
});
