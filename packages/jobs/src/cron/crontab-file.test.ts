import { expect, test } from 'vitest';
import { folderOf } from '../testing/jobs-fixture.js';
import { parseCrontab, readCrontab } from './crontab-file.js';

const jobsOf = (text: string) => parseCrontab(text).map(({ requests }) => requests[0]!.name);

test('a crontab is a list of lines in JSON', () => {
  const text = `[
    {"cron": "0 0 * * * *", "job": "a.one"},
    {"cron": "0 0 * * * *", "job": "a.two", "disabled": true},
    {"cron": "@daily", "job": {"a.three": {"x": 1}}}
  ]`;
  expect(jobsOf(text)).toEqual(['a.one', 'a.three']);
});

test('an empty line clears: [{}] is a crontab without jobs', () => {
  expect(parseCrontab('[{}]')).toEqual([]);
  expect(parseCrontab('')).toEqual([]);
});

test('a file of options may hold it, among others', () => {
  const text = ['# comment', 'port=8000', 'jobs-schedule=[{"cron": "0 0 * * * *", "job": "a.b"}]', 'x=a=b'].join(
    '\r\n',
  );
  expect(jobsOf(text)).toEqual(['a.b']);
  expect(parseCrontab('port=8000\n')).toEqual([]);
});

test.each([
  ['[{"cron": "* * * * *", "job": "a.b"}]', /line 1/],
  ['[{}, {"cron": "61 * * * * *", "job": "a.b"}]', /line 2/],
  ['[{"cron": "0 0 * * * *"}]', /"cron" and "job" are needed/],
  ['[{"cron": "0 0 * * * *", "job": 5}]', /"job" is a name/],
  ['[{"cron": "0 0 * * * *", "job": "a.b", "jbo": 1}]', /unknown field "jbo"/],
  ['[{"cron": "0 0 * * * *", "job": "a.b", "timezone": "Mars/Base"}]', /line 1/],
  ['[{"cron": "0 0 * * * *", "job": "a.b", "missed": "all"}]', /"missed"/],
  ['["a.b"]', /an object is expected/],
])('%s is refused', (text, reason) => {
  expect(() => parseCrontab(text)).toThrow(reason);
});

test('what was read is told by a hash, and a file that does not exist is empty', async () => {
  const folder = await folderOf({ one: '[{}]', same: '[{}]', other: '[]' });
  const [one, same, other, none] = await Promise.all(
    ['one', 'same', 'other', 'none'].map((name) => readCrontab(`${folder}/${name}`)),
  );
  expect(one!.hash).toBe(same!.hash);
  expect(one!.hash).not.toBe(other!.hash);
  expect(none!.hash).toBeNull();
  expect(none!.entries()).toEqual([]);
});
