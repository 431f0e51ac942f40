import type { AuthValue } from '@backside/security';

/** The time of every operation: what lies a little before it may still be edited. */
export const NOW = 1_700_000_000_000;

const USERS = 1000;
const ROOMS = 200;
const MEMBERS_PER_ROOM = 20;
const MESSAGES_PER_ROOM = 30;

export interface ReadOperation {
  readonly auth: AuthValue;
  readonly path: string;
}

/** A set; null removes. */
export interface WriteOperation extends ReadOperation {
  readonly value: unknown;
}

const userKey = (index: number): string => `user${String(index % USERS).padStart(4, '0')}`;
const roomKey = (index: number): string => `room${String(index % ROOMS).padStart(3, '0')}`;
const messageKey = (index: number): string => `m${String(index).padStart(4, '0')}`;

const signedIn = (index: number, claims: Readonly<Record<string, unknown>> = {}): AuthValue => {
  const uid = userKey(index);
  return { uid, provider: 'password', token: { sub: uid, email: `${uid}@example.com`, ...claims } };
};

/** The number of the user who is the nth member of a room; the first one owns it. */
const memberOf = (room: number, nth: number): number => (room * 5 + nth * 7) % USERS;

/** The data of the chat application that the rules are for: 1,000 users, 200 rooms, every second one public. */
export function chatData(): Readonly<Record<string, unknown>> {
  const rooms = Array.from({ length: ROOMS }, (_, room) => room);
  return {
    settings: { motd: 'Welcome', maxRooms: 1000 },
    users: Object.fromEntries(Array.from({ length: USERS }, (_, user) => [userKey(user), profile(user)])),
    presence: Object.fromEntries(
      Array.from({ length: USERS }, (_, user) => [userKey(user), { online: true, at: NOW }]),
    ),
    bans: Object.fromEntries(Array.from({ length: 10 }, (_, ban) => [userKey(990 + ban), BAN])),
    rooms: Object.fromEntries(rooms.map((room) => [roomKey(room), roomOf(room)])),
    members: Object.fromEntries(rooms.map((room) => [roomKey(room), membersOf(room)])),
    messages: Object.fromEntries(rooms.map((room) => [roomKey(room), messagesOf(room)])),
    inbox: { [userKey(1)]: { note: { from: userKey(2), kind: 'invite', at: NOW - 1000 } } },
  };
}

const BAN = { by: userKey(0), reason: 'advertising', at: NOW - 60_000 };

function profile(user: number): Readonly<Record<string, unknown>> {
  return { name: `User ${user}`, joined: NOW - 1_000_000, status: 'online' };
}

function roomOf(room: number): Readonly<Record<string, unknown>> {
  const owner = userKey(memberOf(room, 0));
  return { name: `Room ${room}`, topic: 'Anything', owner, created: NOW - 900_000, public: room % 2 === 0 };
}

function membersOf(room: number): Readonly<Record<string, unknown>> {
  const members = Array.from({ length: MEMBERS_PER_ROOM }, (_, nth) => userKey(memberOf(room, nth)));
  return Object.fromEntries(members.map((uid) => [uid, { role: 'member', since: NOW - 800_000 }]));
}

function messagesOf(room: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Array.from({ length: MESSAGES_PER_ROOM }, (_, index) => [
      messageKey(index),
      { from: userKey(memberOf(room, index % MEMBERS_PER_ROOM)), text: `Message ${index}`, at: NOW - 600_000 },
    ]),
  );
}

/** What clients of all kinds read; about a third of it is refused. */
export function chatReads(): ReadOperation[] {
  return Array.from({ length: 50 }, (_, turn) => {
    const room = (turn * 37) % ROOMS;
    const member = signedIn(memberOf(room, turn % MEMBERS_PER_ROOM));
    const stranger = signedIn(memberOf(room, 0) + 1);
    return [
      { auth: member, path: `/messages/${roomKey(room)}` },
      { auth: stranger, path: `/messages/${roomKey(room)}` },
      { auth: null, path: `/messages/${roomKey(room)}/${messageKey(turn % MESSAGES_PER_ROOM)}` },
      { auth: member, path: `/members/${roomKey(room)}` },
      { auth: stranger, path: `/members/${roomKey(room)}` },
      { auth: member, path: `/users/${userKey(turn * 13)}` },
      { auth: null, path: `/users/${userKey(turn * 13)}` },
      { auth: stranger, path: `/presence/${userKey(turn * 11)}` },
      { auth: stranger, path: `/inbox/${stranger?.uid}` },
      { auth: member, path: `/inbox/${userKey(1)}` },
      { auth: member, path: `/direct/${member?.uid}_zed/m1` },
      { auth: null, path: '/settings/motd' },
    ];
  }).flat();
}

/**
 * What clients of all kinds write, in order; about a third of it is refused. Whatever is written is taken back before the end,
 * so that the list can be run again on the state that it leaves.
 */
export function chatWrites(): WriteOperation[] {
  return Array.from({ length: 40 }, (_, turn) => {
    const room = (turn * 37) % ROOMS;
    return [...messageWrites(room, turn), ...peopleWrites(turn), ...roomWrites(room, turn)];
  }).flat();
}

function messageWrites(room: number, turn: number): WriteOperation[] {
  const author = signedIn(memberOf(room, turn % MEMBERS_PER_ROOM));
  const other = signedIn(memberOf(room, (turn + 1) % MEMBERS_PER_ROOM));
  const path = `/messages/${roomKey(room)}/new${turn}`;
  const message = { from: author?.uid, text: 'How is everybody?', at: { '.sv': 'timestamp' } };
  return [
    { auth: author, path, value: message },
    { auth: other, path, value: { ...message, from: other?.uid } },
    { auth: author, path: `${path}/text`, value: 'How is everybody today?' },
    { auth: author, path: `${path}/reactions/${author?.uid}`, value: 'ok' },
    { auth: author, path: `${path}/text`, value: 'x'.repeat(2001) },
    { auth: null, path, value: message },
    { auth: author, path: `/messages/${roomKey(room)}/other`, value: { ...message, extra: true } },
    { auth: author, path, value: null },
  ];
}

function peopleWrites(turn: number): WriteOperation[] {
  const user = turn * 17;
  const auth = signedIn(user);
  const path = `/users/${userKey(user)}`;
  const note = `/inbox/${userKey(user + 1)}/note${turn}`;
  return [
    { auth, path: `${path}/name`, value: 'Somebody else' },
    { auth, path, value: profile(user) },
    { auth, path: `${path}/joined`, value: 1 },
    { auth, path: `/users/${userKey(user + 1)}/name`, value: 'Somebody else' },
    { auth, path: `/presence/${userKey(user)}`, value: { online: true, at: { '.sv': 'timestamp' } } },
    { auth, path: note, value: { from: auth?.uid, kind: 'mention', at: NOW } },
    { auth: signedIn(user + 1), path: note, value: null },
  ];
}

function roomWrites(room: number, turn: number): WriteOperation[] {
  const owner = signedIn(memberOf(room, 0));
  const guest = signedIn(memberOf(room, 0) + 1);
  const moderator = signedIn(0, { moderator: true });
  const membership = `/members/${roomKey(room)}/${guest?.uid}`;
  return [
    { auth: owner, path: `/rooms/${roomKey(room)}/topic`, value: `Topic ${turn}` },
    { auth: owner, path: `/rooms/${roomKey(room)}`, value: roomOf(room) },
    { auth: guest, path: `/rooms/${roomKey(room)}/topic`, value: 'Mine' },
    { auth: owner, path: membership, value: { role: 'member', since: NOW } },
    { auth: guest, path: membership, value: null },
    { auth: moderator, path: `/bans/${userKey(500 + turn)}`, value: { by: moderator?.uid, reason: 'spam', at: NOW } },
    { auth: moderator, path: `/bans/${userKey(500 + turn)}`, value: null },
  ];
}
