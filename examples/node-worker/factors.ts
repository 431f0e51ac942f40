import { setImmediate } from 'node:timers/promises';

const STEPS_AT_ONCE = 1_000_000;

/** The prime factors of an integer from 2 on, smallest first. Lets other work go on in between, such as heart-beats. */
export async function primeFactors(number: number): Promise<number[]> {
  const factors: number[] = [];
  let rest = number;
  for (let divisor = 2, steps = 1; divisor * divisor <= rest; steps++) {
    if (steps % STEPS_AT_ONCE === 0) await setImmediate();
    if (rest % divisor === 0) {
      factors.push(divisor);
      rest /= divisor;
    } else {
      divisor += divisor === 2 ? 1 : 2;
    }
  }
  return [...factors, rest];
}
