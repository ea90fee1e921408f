/** Tries a parser with many inputs: it understands each, or refuses it with an error of its own. */
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { OcipushError, type ErrorCode } from '../../src/errors.ts';
import { seed, tell, times, type Effort } from './effort.ts';

/** What came of an input; `nothing`: a parser that never refuses has found nothing in it. */
export type Outcome = 'understood' | 'nothing' | ErrorCode;

/** A parser, and all that it may do with what it is given. */
export interface Fuzzed {
  readonly what: string;
  readonly outcomes: readonly Outcome[];
  /** Tries this many inputs, and those that were found earlier. */
  readonly run: (inputs: number) => Promise<ReadonlySet<Outcome>>;
}

interface Attempts<T> {
  readonly inputs: fc.Arbitrary<T>;
  /** Inputs that something was once wrong with, or that chance hardly finds. */
  readonly examples?: readonly T[];
}

/**
 * A row of a table of parsers: `read` throws an OcipushError of these codes for some inputs, and
 * anything else where what it understood is wrong.
 */
export function refusing<T>(
  what: string,
  {
    read,
    refusals,
    ...attempts
  }: Attempts<T> & {
    readonly read: (input: T) => unknown;
    readonly refusals: readonly ErrorCode[];
  },
): Fuzzed {
  const outcomeOf = async (input: T): Promise<Outcome> => {
    try {
      await read(input);
      return 'understood';
    } catch (error) {
      if (error instanceof OcipushError) return error.code;
      throw error;
    }
  };
  return { what, outcomes: ['understood', ...refusals], run: runner(attempts, outcomeOf) };
}

/** A row for a parser that makes the best of everything: `finds` says whether that was anything. */
export function lenient<T>(
  what: string,
  {
    finds,
    ...attempts
  }: Attempts<T> & { readonly finds: (input: T) => boolean | Promise<boolean> },
): Fuzzed {
  const outcomeOf = async (input: T): Promise<Outcome> =>
    (await finds(input)) ? 'understood' : 'nothing';
  return { what, outcomes: ['understood', 'nothing'], run: runner(attempts, outcomeOf) };
}

function runner<T>(
  { inputs, examples = [] }: Attempts<T>,
  outcomeOf: (input: T) => Promise<Outcome>,
): Fuzzed['run'] {
  return async (numRuns) => {
    const outcomes = new Set<Outcome>();
    const property = fc.asyncProperty(inputs, async (input) => {
      outcomes.add(await outcomeOf(input));
    });
    const parameters = { seed, numRuns, examples: examples.map((example) => [example] as [T]) };
    const { failed, counterexample, counterexamplePath, errorInstance } = await fc.check(
      property,
      parameters,
    );
    if (!failed) return outcomes;
    const input = excerptOf(counterexample?.[0]);
    throw new Error(`seed ${seed}, path ${counterexamplePath}: ${input}`, { cause: errorInstance });
  };
}

/** Inputs may be deeper than anything prints, and longer than anybody reads. */
function excerptOf(input: unknown): string {
  const text = input instanceof Uint8Array ? Buffer.from(input).toString('latin1') : input;
  const printed = JSON.stringify(text) ?? '';
  return printed.length > EXCERPT
    ? `${printed.slice(0, EXCERPT)}… (${printed.length} characters)`
    : printed;
}

const EXCERPT = 1500;

/**
 * Tests a table of parsers with so many inputs each, and tells how many that were: nothing comes of
 * them but what may, and not of all the same.
 */
export function fuzzAll(room: string, parsers: readonly Fuzzed[], effort: Effort): void {
  const inputs = times(effort);
  describe(`any input for ${room}`, () => {
    test.each(parsers)('$what', async ({ outcomes, run }) => {
      const found = [...(await run(inputs))];
      expect(outcomes).toEqual(expect.arrayContaining(found));
      // A test that all inputs end alike in would say nothing.
      expect(found).toContain('understood');
      expect(found.length).toBeGreaterThan(1);
    });
    afterAll(() => {
      tell(room, { parsers: parsers.length, inputs: parsers.length * inputs });
    });
  });
}
