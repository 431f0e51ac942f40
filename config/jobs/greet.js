/** A job: `curl $URL/.jobs -d '{"name":"greet.hello","data":{"name":"Bob"}}'`. What it returns stands at its node. */
export async function hello({ name }, { progress }) {
  await progress(50);
  return `hello ${name}`;
}
