import { ADMIN_OPTIONS, type AdminConfig, type Ask, withAdmin } from '../admin-options.js';
import { type Command, defineCommand } from '../command.js';
import type { UserInfo, UserPage } from './user.js';

export const usersListCommand: Command = defineCommand<AdminConfig>({
  name: 'users list',
  positionals: [],
  summary: 'Prints all accounts: uid, login, what is special, and since when.',
  options: ADMIN_OPTIONS,
  run: async ({ effective: { values }, io }) => {
    await withAdmin(values, async (ask) => {
      for await (const user of allUsers(ask)) io.stdout.write(`${describe(user)}\n`);
    });
    return 0;
  },
});

async function* allUsers(ask: Ask): AsyncGenerator<UserInfo> {
  let after = '';
  for (;;) {
    const page = JSON.parse(await ask({ method: 'GET', path: `/auth/users?limit=1000${after}` })) as UserPage;
    yield* page.users;
    if (page.next === null) return;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

function describe({ uid, email, username, admin, disabled, anonymous, createdAt }: UserInfo): string {
  const marks = [admin && 'admin', disabled && 'disabled', anonymous && 'anonymous'].filter(Boolean).join(' ');
  return [
    uid.padEnd(28),
    (email ?? username ?? '-').padEnd(32),
    marks.padEnd(18),
    new Date(createdAt).toISOString(),
  ].join(' ');
}
