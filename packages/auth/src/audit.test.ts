import type { Logger } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, boundedEvent, combineAuditLogs, createLoggerAuditLog } from './audit.js';

const EVENT: AuditEvent = { type: 'sign-in', outcome: 'failure', uid: 'bob', address: '192.0.2.1', time: 1000 };

function recordingLogger(): { logger: Logger; lines: unknown[][] } {
  const lines: unknown[][] = [];
  const level = (name: string) => (fields: object, message: string) => lines.push([name, fields, message]);
  return { logger: { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }, lines };
}

describe('an audit event as it is written', () => {
  it('is what was recorded, if that was short and harmless', () => {
    const event: AuditEvent = { ...EVENT, by: 'admin', details: { provider: 'password', attempt: 3, first: true } };
    expect(boundedEvent(event)).toEqual(event);
    expect(boundedEvent({ ...EVENT, details: {} })).toEqual(EVENT);
  });

  it('is short, printable and well-formed, whatever comes in', () => {
    const details = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`k${at}`, 'v']));
    const hostile = { 'a/b.c$[]#': `\r\n\u001b[2J\ud800${'x'.repeat(10_000)}`, '': 1, ...details };
    const written = boundedEvent({ ...EVENT, uid: 'u'.repeat(1000), address: 'a\nb', details: hostile });
    expect(written.uid).toHaveLength(201);
    expect(written.address).toBe('a\ufffdb');
    expect(Object.keys(written.details!)).toHaveLength(12);
    for (const [name, value] of Object.entries(written.details!)) {
      expect(name).toMatch(/^[A-Za-z0-9_-]{1,40}$/);
      expect(String(value)).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      expect(String(value).length).toBeLessThanOrEqual(201);
    }
  });

  it.each(['password', 'newPassword', 'refreshToken', 'totp-code', 'clientSecret', 'Authorization', 'cookie'])(
    'never holds a detail called %s',
    (name) => {
      expect(JSON.stringify(boundedEvent({ ...EVENT, details: { [name]: 'hunter2' } }))).not.toContain('hunter2');
    },
  );

  it('holds no number that JSON does not know', () => {
    expect(boundedEvent({ ...EVENT, details: { n: Number.NaN } }).details).toEqual({ n: 'NaN' });
  });
});

describe('auditing to the log', () => {
  it('informs of successes and warns of failures', () => {
    const { logger, lines } = recordingLogger();
    const log = combineAuditLogs(createLoggerAuditLog(logger));
    log.record(EVENT);
    log.record({ ...EVENT, outcome: 'success' });
    expect(lines).toEqual([
      ['warn', { audit: EVENT }, 'audit: sign-in'],
      ['info', { audit: { ...EVENT, outcome: 'success' } }, 'audit: sign-in'],
    ]);
  });

  it('reaches each of several logs', () => {
    const first = recordingLogger();
    const second = recordingLogger();
    combineAuditLogs(createLoggerAuditLog(first.logger), createLoggerAuditLog(second.logger)).record(EVENT);
    expect([first.lines.length, second.lines.length]).toEqual([1, 1]);
  });
});
