const ANIMALS = ['Badger', 'Crane', 'Fox', 'Heron', 'Lynx', 'Marten', 'Otter', 'Raven', 'Stoat', 'Wren'];

/** Fills in a name of last time, or any, and remembers what is typed. The result is what is there now. */
export function bindName(input: HTMLInputElement): () => string {
  input.value = localStorage.getItem('name') ?? ANIMALS[Math.floor(Math.random() * ANIMALS.length)]!;
  input.addEventListener('change', () => localStorage.setItem('name', input.value));
  return () => input.value.trim() || 'Somebody';
}
