/**
 * What must hold of every frame that a server sends, whatever a check is about. Each finding begins with the number of the
 * audit: X01 to X14 of the checklist, and W14, W15 for websocket messages.
 */
import type { StompClient } from './stomp-client.js';
import type { ReceivedFrame } from './stomp-reader.js';

const CLOSE_AFTER_ERROR_MS = 800;
/** What the check's own process may be late on a busy machine. */
const LAG_MS = 1_200;

/** All findings about what a client got. Waits for the close that must follow an ERROR. */
export async function auditClient(client: StompClient): Promise<string[]> {
  const findings = client.received.flatMap((frame) => auditFrame(frame));
  findings.push(...auditOrder(client.received));
  if (client.reader.framesWithoutLineEnd > 0 || client.reader.lineEndMissing)
    findings.push('X14 no line end after a NUL');
  if (client.reader.broken !== null) findings.push(`X02 ${client.reader.broken}`);
  else if (!client.reader.betweenFrames && client.ending?.orderly) findings.push('X02 the stream ended within a frame');
  findings.push(...auditMessages(client), ...(await auditClose(client)));
  return findings;
}

function auditFrame(frame: ReceivedFrame): string[] {
  const findings: string[] = [];
  const find = (audit: string, what: string): number => findings.push(`${audit} ${what}: ${frame.lines.join(' | ')}`);
  if (!['CONNECTED', 'MESSAGE', 'RECEIPT', 'ERROR'].includes(frame.command)) find('X01', 'a client command');
  const headerLines = frame.lines.slice(1);
  if (headerLines.some((line) => line.indexOf(':') < 1)) find('X02', 'a header line without name or colon');
  if (['CONNECTED', 'RECEIPT'].includes(frame.command) && frame.body.length > 0) find('X03', 'a body');
  if (frame.body.length > 0 && !frame.headers.has('content-length')) find('X04', 'no content-length');
  if (frame.command === 'MESSAGE') {
    const required = ['destination', 'message-id', ...(frame.version === '1.0' ? [] : ['subscription'])];
    for (const name of required) if (!frame.headers.has(name)) find('X05', `no ${name}`);
  }
  if (frame.version !== '1.2' && frame.lines.some((line) => line.includes('\r'))) find('X06', 'a carriage return');
  if (hasWrongEscape(frame)) find('X07', 'an undefined escape or a raw colon');
  if (frame.command === 'ERROR' && !frame.headers.has('message')) find('X08', 'no message header');
  const names = headerLines.map((line) => line.slice(0, line.indexOf(':')));
  if (new Set(names).size < names.length) find('X10', 'a header twice');
  const untyped = frame.command === 'ERROR' && frame.body.length > 0 && !frame.headers.has('content-type');
  if (untyped) find('X12', 'a body without content-type');
  return findings;
}

function hasWrongEscape(frame: ReceivedFrame): boolean {
  if (frame.command === 'CONNECTED' || frame.version === null || frame.version === '1.0') return false;
  const defined = frame.version === '1.1' ? /\\[nc\\]/g : /\\[ncr\\]/g;
  return frame.lines.slice(1).some((line) => {
    const value = line.slice(line.indexOf(':') + 1);
    return line.replace(defined, '').includes('\\') || value.includes(':');
  });
}

function auditOrder(frames: readonly ReceivedFrame[]): string[] {
  const findings: string[] = [];
  const first = frames[0];
  if (first !== undefined && first.command !== 'CONNECTED' && first.command !== 'ERROR') {
    findings.push(`X09 ${first.command} before CONNECTED`);
  }
  const error = frames.findIndex((frame) => frame.command === 'ERROR');
  if (error >= 0 && error < frames.length - 1) findings.push(`X11 ${frames[error + 1]!.command} after an ERROR`);
  return findings;
}

function auditMessages(client: StompClient): string[] {
  const findings: string[] = [];
  if (client.messages.some((message) => !message.whole))
    findings.push('W14 a websocket message that ends within a frame');
  if (client.messages.some((message) => message.binary && isUtf8(message.octets))) {
    findings.push('W15 text in a binary websocket message');
  }
  return findings;
}

function isUtf8(octets: Buffer): boolean {
  return Buffer.from(octets.toString()).equals(octets);
}

async function auditClose(client: StompClient): Promise<string[]> {
  const { error } = client;
  if (error === undefined) return [];
  const deadline = error.at + CLOSE_AFTER_ERROR_MS + LAG_MS;
  while (client.ending === null && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (client.ending === null) return ['X13 no close after an ERROR'];
  return client.ending.at > deadline ? ['X13 the close after an ERROR came late'] : [];
}
