/** `credential-helpers` of registries.conf: places for credentials, of which several may fail. */
import { messageOf, OcipushError } from '../errors.ts';

/** The word that stands for the auth files; every other one names a helper. */
export const AUTH_FILES = 'containers-auth.json';

/** One error as it is, several as one. There must be some. */
export function joinedError(errors: readonly unknown[], attempt: string): unknown {
  if (errors.length === 1) return errors[0];
  const lines = errors.map((error) => `\n\t* ${messageOf(error)}`).join('');
  return new OcipushError('CONFIG_INVALID', `errors ${attempt}:${lines}`, {
    origin: 'config',
    hint: 'correct any one of these, or pass the credentials with --creds',
    cause: new AggregateError(errors),
  });
}
