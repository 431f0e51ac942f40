import { expect, test } from 'vitest';
import { defineTable, newRow } from './table.js';
import { ACCOUNTS, COUNTERS } from './tables.js';
import { chosenColumns, visibleRow } from './visibility.js';

const TABLE = defineTable({
  name: 'any',
  levels: ['any', ['id']],
  columns: {
    id: { type: 'text', primary: true, pub: true },
    open: { type: 'text', pub: true },
    own: 'text',
    never: { type: 'text', secure: true },
    managed: { type: 'text', admin: true },
  },
});
const ROW = newRow({ id: 'u_1', open: 1, own: 2, never: 3, managed: 4, computed: 5 });

test.each([
  ['somebody else', { id: 'u_2', isAdmin: false }, ['id', 'open', 'computed']],
  ['nobody', { id: null, isAdmin: false }, ['id', 'open', 'computed']],
  ['the owner', { id: 'u_1', isAdmin: false }, ['id', 'open', 'own', 'computed']],
  ['an admin', { id: 'u_2', isAdmin: true }, ['id', 'open', 'own', 'managed', 'computed']],
])('%s sees what is for them', (_, viewer, columns) => {
  expect(Object.keys(visibleRow(TABLE, ROW, viewer))).toEqual(columns);
});

test('a row without id is foreign to everybody', () => {
  expect(visibleRow(COUNTERS, newRow({ like0: 1, ping: 2 }), { id: 'u_1', isAdmin: false })).toEqual({ ping: 2 });
});

test('where private columns stand apart, unknown ones are the owner’s', () => {
  const row = newRow({ id: 'u_1', shoe_size: 44 });
  expect(visibleRow(ACCOUNTS, row, { id: 'u_2', isAdmin: false })).toEqual({ id: 'u_1' });
  expect(visibleRow(ACCOUNTS, row, { id: 'u_1', isAdmin: false })).toEqual(row);
});

test('columns come in the order in which they are asked for', () => {
  expect(Object.keys(chosenColumns(ROW, ['own', 'none', 'id']))).toEqual(['own', 'id']);
  expect(chosenColumns(ROW, [])).toBe(ROW);
});
