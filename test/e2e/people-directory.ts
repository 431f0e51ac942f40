import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Somebody whom the directory knows. */
export interface Person {
  readonly login: string;
  readonly secret: string;
  readonly name: string;
  readonly team: string;
}

const MODULE = `
import { readFile } from 'node:fs/promises';
const people = async () => JSON.parse(await readFile(new URL('people.json', import.meta.url), 'utf8'));
const user = (id, { name, team }) => ({ id, displayName: name, claims: { team } });
export default {
  name: 'directory',
  async authenticate(login, secret) {
    const found = Object.entries(await people()).find(([, one]) => one.login === login && one.secret === secret);
    return found === undefined ? null : user(...found);
  },
  async getUserById(id) {
    const one = (await people())[id];
    return one === undefined ? null : user(id, one);
  },
};
`;

/** An application's own directory of users, as a module for `--auth-providers` that looks people up in a file. */
export class PeopleDirectory {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(folder: string): Promise<PeopleDirectory> {
    const directory = new PeopleDirectory(folder);
    await writeFile(directory.module, MODULE);
    await directory.setPeople({});
    return directory;
  }

  get module(): string {
    return join(this.#folder, 'directory.mjs');
  }

  /** Who is there from now on, by id. */
  async setPeople(people: Readonly<Record<string, Person>>): Promise<void> {
    await writeFile(join(this.#folder, 'people.json'), JSON.stringify(people));
  }
}
