import { describe, expect, it } from 'vitest';
import { Automaton } from './automaton.js';
import { buildProgram, type Program } from './program.js';
import { parseRegex } from './regex-parser.js';

function automatonOf(body: string): { automaton: Automaton; program: Program } {
  const pattern = parseRegex(body, { ignoreCase: false });
  const program = buildProgram(pattern);
  return { automaton: new Automaton(program, pattern), program };
}

const LENGTH = 100_000;

describe('the work that a text costs', () => {
  it.each([
    ['^(a+)+$', `${'a'.repeat(LENGTH)}!`, false],
    ['^(a|a)*$', `${'a'.repeat(LENGTH)}!`, false],
    ['(.*)*x', 'a'.repeat(LENGTH), false],
    ['^(.*)(.*)(.*)(.*)(.*)x$', 'a'.repeat(LENGTH), false],
    ['^((a*)*)*$', `${'a'.repeat(LENGTH)}b`, false],
    ['^(a?){50}a{50}$', 'a'.repeat(LENGTH), false],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(LENGTH), false],
    ['^(a{1,20}){1,20}$', 'a'.repeat(LENGTH), false],
  ])('is nothing once /%s/ knows the text', (body, text, expected) => {
    const { automaton, program } = automatonOf(body);
    expect(automaton.test(text)).toBe(expected);
    const first = automaton.work;
    expect(first).toBeLessThan(10_000 * program.sets.length);
    expect(automaton.test(text)).toBe(expected);
    expect(automaton.work).toBe(first);
  });

  it('is at most its length times the states of the pattern where no two steps are alike', () => {
    const { automaton, program } = automatonOf('(a|b)*a(a|b){500}c');
    const text = pseudoRandomText(LENGTH / 10);
    expect(automaton.test(text)).toBe(false);
    expect(automaton.work).toBeGreaterThan(LENGTH);
    expect(automaton.work).toBeLessThanOrEqual((2 * text.length + 1) * program.sets.length);
  });

  it('stops growing once a text repeats itself, even if what it led to filled the memory', () => {
    for (const body of ['x{1,1000}y', '(a|b)*a(a|b){500}c']) {
      const { automaton, program } = automatonOf(body);
      automaton.test(pseudoRandomText(1000));
      const before = automaton.work;
      expect(automaton.test(body[0] === 'x' ? 'x'.repeat(LENGTH) : 'a'.repeat(LENGTH))).toBe(false);
      expect(automaton.work - before).toBeLessThan((LENGTH * program.sets.length) / 4);
    }
  });
});

/** As and bs in an order that does not repeat for a long time. */
function pseudoRandomText(length: number): string {
  let seed = 42;
  let text = '';
  for (let i = 0; i < length; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    text += seed & 0x10000 ? 'a' : 'b';
  }
  return text;
}
