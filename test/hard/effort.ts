/** How much the hard tests try: a little in every run of the suite, much in `npm run test:hard`. */
import process from 'node:process';

/** How often something is tried, in either run. */
export interface Effort {
  readonly suite: number;
  readonly night: number;
}

const isNight = process.env['OCIPUSH_HARD'] === 'night';

/** The seed of every run of the suite, which is the same on every machine. */
const SAVED_SEED = 20_260_101;

/** How often to try. */
export function times({ suite, night }: Effort): number {
  return isNight ? night : suite;
}

/**
 * Where the random choices of a test begin: saved in the suite, new each night, and the one in
 * `OCIPUSH_HARD_SEED` where a night is to be repeated.
 */
export const seed: number = Number(
  process.env['OCIPUSH_HARD_SEED'] ?? (isNight ? Date.now() % 2 ** 31 : SAVED_SEED),
);

/** Prints what was tried, for SECURITY.md and for who repeats it. */
export function tell(what: string, figures: Readonly<Record<string, number | string>>): void {
  const told = Object.entries({ seed, ...figures }).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`hard: ${what}: ${told.join(', ')}\n`);
}
