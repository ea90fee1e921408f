/** Any text in the place of an image: it is understood, or refused in one clear line. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import {
  parseDestinationReference,
  parseSourceReference,
} from '../../src/transports/references.ts';
import { seed, tell, times } from './effort.ts';

const RUNS = times({ suite: 2000, night: 500_000 });

const piece = fc.oneof(
  fc.constantFrom('oci:', 'oci-archive:', 'dir:', 'docker://', 'docker-archive:', 'docker-daemon:'),
  fc.constantFrom('containers-storage:', '[overlay@/a+/b]', '/', ':', '@', '.', '..', '-', '%2f'),
  fc.constantFrom('sha256:', 'a'.repeat(64), 'latest', 'localhost:5000', '\0', '\n', '\u001B[2J'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

/** The code of a refusal; nothing where the text was understood. */
async function refusal(understood: Promise<unknown>): Promise<string | undefined> {
  try {
    await understood;
    return undefined;
  } catch (error) {
    if (error instanceof OcipushError) return error.code;
    throw error;
  }
}

describe('any text', () => {
  test.each([
    ['source', parseSourceReference],
    ['destination', parseDestinationReference],
  ] as const)('as a %s', async (place, parse) => {
    const codes = new Set<string | undefined>();
    const check = fc.asyncProperty(text, async (typed) => {
      codes.add(await refusal(parse(typed)));
    });
    await fc.assert(check, { seed, numRuns: RUNS });
    tell(`references, ${place}`, { inputs: RUNS });
    expect(codes).toEqual(new Set([undefined, 'REFERENCE_INVALID']));
  });
});
