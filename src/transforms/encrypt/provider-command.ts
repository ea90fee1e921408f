/** Asks a key provider that is a program: JSON on its standard input, JSON on its standard output. */
import type { KeyProvider } from '../../config/keyprovider-config.ts';
import { OcipushError } from '../../errors.ts';
import { askProgram } from '../../io/ask-program.ts';
import { MIB } from '../../io/bytes.ts';
import type { KeyContext } from './key-wrapper.ts';

/** Milliseconds; it may have to reach a service. */
export const PROVIDER_TIMEOUT = 60_000;

/** @throws OcipushError KEY_INVALID when it cannot be run, or fails */
export async function askCommand(
  { path, args }: Extract<KeyProvider, { readonly kind: 'command' }>,
  request: Uint8Array,
  { environment, signal }: KeyContext,
): Promise<Uint8Array> {
  const { output, failure, complaints } = await askProgram({
    program: path,
    args,
    input: request,
    environment,
    limit: MIB,
    timeout: PROVIDER_TIMEOUT,
    signal,
    complaints: 'keep',
  });
  if (failure === undefined) return output;
  // The reference's text.
  const message = `Error while running command: ${path}. stderr: ${complaints}: ${failure}`;
  throw new OcipushError('KEY_INVALID', message, {
    origin: 'config',
    hint: 'make the program work that OCICRYPT_KEYPROVIDER_CONFIG names',
  });
}
