// Sets a value with stompit over TCP: node set-stompit.js [127.0.0.1:5001] [/users/bob/hairColor] ['"gray"']
import { promisify } from 'node:util';
import stompit from 'stompit';
import { runIfMain } from './run-if-main.js';

const connect = promisify(stompit.connect);

/** Replaces the value at `path`; resolves once the server has it on disk. */
export async function set(address, path, value) {
  const [host, port] = address.split(':');
  const client = await connect({ host, port: Number(port), connectHeaders: { host } });
  await new Promise((resolve, reject) => {
    client.on('error', reject);
    const frame = client.send({ destination: path, 'content-type': 'application/json' }, { onReceipt: resolve });
    frame.end(JSON.stringify(value));
  });
  client.disconnect();
}

runIfMain(import.meta.url, async (address = '127.0.0.1:5001', path = '/users/bob/hairColor', json = '"gray"') => {
  await set(address, path, JSON.parse(json));
  console.log('set', path, json);
});
