/** Gets public keys from the keyring of the user's gpg. */
import { OcipushError } from '../../errors.ts';
import { askProgram } from '../../io/ask-program.ts';
import { MIB } from '../../io/bytes.ts';
import type { KeyContext } from './key-wrapper.ts';

/** Bytes of keys that one name may lead to. */
const LIMIT = 16 * MIB;

/** Milliseconds; with an agent that must start, gpg takes its time. */
const TIMEOUT = 60_000;

/**
 * The keys that gpg finds under a name, in binary form; empty without any. It finds parts of names as
 * well: who asks must look at what comes.
 * @throws OcipushError CONFIG_INVALID when gpg cannot be run, or fails
 */
export async function exportKeys(
  name: string,
  { environment, signal }: KeyContext,
): Promise<Uint8Array> {
  const { output, failure, complaints } = await askProgram({
    program: 'gpg',
    args: ['--batch', '--export', '--', name],
    input: '',
    environment,
    limit: LIMIT,
    timeout: TIMEOUT,
    signal,
    complaints: 'keep',
  });
  if (failure === undefined) return output;
  const reason = complaints === '' ? failure : `${failure}: ${complaints.replaceAll('\n', '; ')}`;
  throw new OcipushError('CONFIG_INVALID', `error from gpg: ${reason}`, {
    origin: 'config',
    hint: 'install gpg and import the public key, or name the file that it stands in: pgp:./key.asc',
  });
}
