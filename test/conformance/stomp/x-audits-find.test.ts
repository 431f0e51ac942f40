import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { auditClient } from '../../harness/stomp-audit.js';
import { StompClient } from '../../harness/stomp-client.js';

const CONNECTED = 'CONNECTED\nversion:1.2\n\n\0\n';
const MESSAGE = 'MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:0\n';

/** The numbers of the audits that find something in what a server says; it stays open if told so. */
async function found(answer: string, staysOpen = false): Promise<string[]> {
  const server = createServer((socket) => {
    socket.on('error', () => {
      // The client drops the connection when it has seen enough.
    });
    if (staysOpen) socket.write(answer);
    else socket.end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = await StompClient.tcp((server.address() as AddressInfo).port);
  if (staysOpen) await client.take('ERROR', (frame) => frame.command === 'ERROR');
  else await client.end();
  const findings = await auditClient(client);
  client.destroy();
  server.close();
  return findings.map((finding) => finding.split(' ')[0]!);
}

it.each([
  ['X01', `${CONNECTED}SEND\ndestination:/a\n\n\0\n`],
  ['X02', `${CONNECTED}RECEIPT\nreceipt-id:1\nno colon\n\n\0\n`],
  ['X02', `${CONNECTED}RECEIPT\n:no name\n\n\0\n`],
  ['X02', `${CONNECTED}${MESSAGE}content-length:1\n\nab\0\n`],
  ['X02', `${CONNECTED}${MESSAGE}content-length:2\n\nab`],
  ['X03', `${CONNECTED}RECEIPT\nreceipt-id:1\ncontent-length:1\n\nx\0\n`],
  ['X04', `${CONNECTED}${MESSAGE}\nx\0\n`],
  ['X05', `${CONNECTED}MESSAGE\ndestination:/a\nmessage-id:1\ncontent-length:0\n\n\0\n`],
  ['X06', `CONNECTED\nversion:1.1\n\n\0\nRECEIPT\nreceipt-id:1\r\n\n\0\n`],
  ['X07', `${CONNECTED}RECEIPT\nreceipt-id:a\\tb\n\n\0\n`],
  ['X07', `${CONNECTED}RECEIPT\nreceipt-id:a:b\n\n\0\n`],
  ['X07', `CONNECTED\nversion:1.1\n\n\0\nRECEIPT\nreceipt-id:a\\rb\n\n\0\n`],
  ['X08', `${CONNECTED}ERROR\ncontent-length:0\n\n\0\n`],
  ['X09', 'RECEIPT\nreceipt-id:1\n\n\0\n'],
  ['X10', `${CONNECTED}RECEIPT\nreceipt-id:1\nreceipt-id:2\n\n\0\n`],
  ['X11', `${CONNECTED}ERROR\nmessage:m\n\n\0\nRECEIPT\nreceipt-id:1\n\n\0\n`],
  ['X12', `${CONNECTED}ERROR\nmessage:m\ncontent-length:1\n\nx\0\n`],
  ['X14', `${CONNECTED}RECEIPT\nreceipt-id:1\n\n\0RECEIPT\nreceipt-id:2\n\n\0\n`],
  ['X14', `${CONNECTED}RECEIPT\nreceipt-id:1\n\n\0`],
])('%s finds what it is for: %j', async (audit, answer) => {
  expect(await found(answer)).toEqual([audit]);
});

it('X13 finds a connection that stays open after an ERROR', async () => {
  expect(await found(`${CONNECTED}ERROR\nmessage:m\n\n\0\n`, true)).toEqual(['X13']);
});

it('no audit finds anything in a correct session', async () => {
  expect(await found(`${CONNECTED}\n${MESSAGE}content-length:2\n\na\0\0\nRECEIPT\nreceipt-id:a\\cb\n\n\0\n`)).toEqual(
    [],
  );
});
