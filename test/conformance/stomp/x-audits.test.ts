import { expect } from 'vitest';
import { auditClient } from '../../harness/stomp-audit.js';
import type { StompClient, Version } from '../../harness/stomp-client.js';
import { section, subscribe, type World, write } from './world.js';

const AUDITS: readonly (readonly [id: string, title: string])[] = [
  ['X01', 'the server sends only CONNECTED, MESSAGE, RECEIPT, ERROR'],
  ['X02', 'every header line has a name and a colon, every body its NUL'],
  ['X03', 'RECEIPT and CONNECTED have no body'],
  ['X04', 'frames with a body have content-length'],
  ['X05', 'MESSAGE has destination, message-id, subscription'],
  ['X06', 'no CR in the lines of 1.0 and 1.1 frames'],
  ['X07', 'only defined escapes go out (1.1 has no \\r), no raw colon in a value'],
  ['X08', 'every ERROR has a message header'],
  ['X09', 'nothing but ERROR before CONNECTED'],
  ['X10', 'no protocol header twice in a frame'],
  ['X11', 'no frame after an ERROR (1.1, 1.2)'],
  ['X12', 'ERROR with a body has content-type'],
  ['X13', 'every ERROR in 1.1 and 1.2 is followed by a close within 0.8 s'],
  ['X14', 'an EOL follows the NUL of every frame (php-stomp and python stomper fail without)'],
];

/** Characters that tempt a server to write wrong headers; those that the version can carry. */
function awkward(version: Version): string {
  if (version === '1.0') return 'a:b\\c';
  return version === '1.1' ? 'a:b\\c\nd' : 'a:b\\c\nd\re';
}

/** A session that makes the server say all that it can say, ended by an ERROR. */
async function eventfulSession(world: World, version: Version): Promise<StompClient> {
  const client = await world.connect(version);
  const text = awkward(version);
  const { first } = await subscribe(client, world.path('a'), { id: text, ack: 'client' });
  const sender = await world.connect('1.2');
  const repeated: [string, string][] = [
    ['x-twice', '1'],
    ['x-twice', '2'],
    ['x-note', awkward('1.2')],
    ['destination', '/other'],
  ];
  await write(sender, world.path('a'), { deep: { value: 'žluť\u0000' } }, repeated);
  await client.message(text);
  const ack: Record<Version, Record<string, string>> = {
    '1.0': { 'message-id': first.get('message-id')! },
    '1.1': { 'message-id': first.get('message-id')!, subscription: text },
    '1.2': { id: first.get('ack') ?? '' },
  };
  await client.request('ACK', ack[version]);
  client.send('BEGIN', { transaction: text, receipt: text });
  await client.receipt(text);
  client.write('\n\n');
  client.send('SEND', { destination: '/bad.path', receipt: text }, '1');
  client.send('SEND', { destination: world.path('b'), receipt: 'behind' }, '1');
  await client.refusal();
  return client;
}

section(
  'X audits',
  ({ check }) => {
    for (const [id, title] of AUDITS) {
      check(id, title, async (world) => {
        for (const version of ['1.0', '1.1', '1.2'] as const) {
          const findings = await auditClient(await eventfulSession(world, version));
          expect(findings.filter((finding) => finding.startsWith(id))).toEqual([]);
        }
        const early = await world.open();
        early.send('SEND', { destination: world.path('a'), receipt: '1' }, '1');
        await early.end();
        expect((await auditClient(early)).filter((finding) => finding.startsWith(id))).toEqual([]);
      });
    }
  },
  { audited: false },
);
