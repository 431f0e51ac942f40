import { expect, test } from 'vitest';
import { fileNameParameters } from './content-disposition.js';

test.each([
  ['plain.txt', `filename="plain.txt"; filename*=UTF-8''plain.txt`],
  ['a"b\r\nü.json', `filename="a_b___.json"; filename*=UTF-8''a%22b%0D%0A%C3%BC.json`],
  ["it's (1)*.txt", `filename="it's (1)*.txt"; filename*=UTF-8''it%27s%20%281%29%2a.txt`],
  ['half \ud800', `filename="half _"; filename*=UTF-8''half%20%EF%BF%BD`],
])('%j', (name, parameters) => expect(fileNameParameters(name)).toBe(parameters));

test('is not longer in ASCII than old clients take', () => {
  expect(fileNameParameters('x'.repeat(1_000))).toMatch(/^filename="x{200}";/);
});
