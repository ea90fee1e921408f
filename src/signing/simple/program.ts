/** Runs a program that signs; it may ask the user, and so has all the time it takes. */
import { OcipushError } from '../../errors.ts';
import { askProgram, type ProgramAnswer, type ProgramQuestion } from '../../io/ask-program.ts';
import { MIB } from '../../io/bytes.ts';

export interface ProgramRequest extends Pick<ProgramQuestion, 'program' | 'args' | 'environment'> {
  readonly input?: Uint8Array | undefined;
  readonly secret?: Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** What the user can do where the program is missing. */
  readonly missingHint: string;
}

/** Bytes of an answer: a signed message is small, a list of keys may be long. */
const LIMIT = 16 * MIB;

/**
 * Runs a program to its end.
 * @throws OcipushError UNSUPPORTED where it cannot be started, or the signal's reason
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramAnswer> {
  const { input = '', secret = new Uint8Array(), missingHint, ...question } = request;
  const answer = await askProgram({
    ...question,
    input,
    secret,
    limit: LIMIT,
    timeout: undefined,
    complaints: 'keep',
  });
  if (answer.hasRun) return answer;
  throw new OcipushError('UNSUPPORTED', answer.failure ?? '', {
    origin: 'config',
    hint: missingHint,
  });
}
