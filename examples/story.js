// The story of the README, told by two clients: node story.js [127.0.0.1:5000] [127.0.0.1:5001]
import { EventEmitter, once } from 'node:events';
import { listen } from './listen-stompjs.js';
import { runIfMain } from './run-if-main.js';
import { set } from './set-stompit.js';

/** Tells the story and returns what the listener saw. `tell` gets each step as a line. */
export async function story(http, tcp, tell) {
  await set(tcp, '/users', { bob: { age: 74 }, tim: { age: 18 } });
  tell('at first, /users is {"bob":{"age":74},"tim":{"age":18}}');

  const values = new EventEmitter();
  const first = once(values, 'value');
  const stop = await listen(`ws://${http}/stomp`, '/users/bob', (value) => values.emit('value', value));
  const [before] = await first;
  tell(`a websocket client that listens to /users/bob sees ${JSON.stringify(before)}`);

  const second = once(values, 'value');
  await set(tcp, '/users/bob/hairColor', 'gray');
  tell('a TCP client sets /users/bob/hairColor to "gray"');
  const [after] = await second;
  tell(`the websocket client sees ${JSON.stringify(after)}`);

  await stop();
  return [before, after];
}

runIfMain(import.meta.url, async (http = '127.0.0.1:5000', tcp = '127.0.0.1:5001') => {
  await story(http, tcp, (line) => console.log(line));
});
