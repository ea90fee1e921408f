/** What a failing call throws, for assertions on the error itself. */
import { OcipushError } from '../../src/errors.ts';

/**
 * The error of something that must fail.
 * @throws when it does not, or fails with anything that is no OcipushError
 */
export async function thrownBy(attempt: Promise<unknown>): Promise<OcipushError> {
  let result: unknown;
  try {
    result = await attempt;
  } catch (error) {
    if (error instanceof OcipushError) return error;
    throw error;
  }
  throw new Error(`did not fail, but gave ${JSON.stringify(result)}`);
}
