/** Makes ready to wrap keys for all recipients; the libraries for that load when they are needed. */
import { randomBytes } from 'node:crypto';
import { messageOf, OcipushError } from '../../errors.ts';
import { digestOf } from '../../image/digest.ts';
import { keyError } from './key-file.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';
import { createLayerKey, privateOptions } from './layer-key.ts';
import type { Recipient } from './recipient.ts';

/**
 * One wrapper for the recipients of each protocol, tried on a key that nothing is encrypted with: who
 * cannot be reached is found out before the first layer is.
 * @throws OcipushError KEY_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE, CONFIG_INVALID
 */
export async function openKeyWrappers(
  recipients: readonly Recipient[],
  context: KeyContext,
): Promise<readonly KeyWrapper[]> {
  const wrappers = [
    await unlessEmpty(
      recipients.filter((each) => each.protocol === 'jwe'),
      async (own) => [await (await import('./jwe.ts')).openJweWrapper(own)],
    ),
    await unlessEmpty(
      recipients.filter((each) => each.protocol === 'pgp'),
      async (own) => [await (await import('./pgp.ts')).openPgpWrapper(own, context)],
    ),
    await unlessEmpty(
      recipients.filter((each) => each.protocol === 'pkcs7'),
      async (own) => [await (await import('./pkcs7.ts')).openPkcs7Wrapper(own)],
    ),
    await unlessEmpty(
      recipients.filter((each) => each.protocol === 'pkcs11'),
      async (own) => [await (await import('./pkcs11.ts')).openPkcs11Wrapper(own, context)],
    ),
    await unlessEmpty(
      recipients.filter((each) => each.protocol === 'provider'),
      async (own) => (await import('./provider.ts')).openProviderWrappers(own, context),
    ),
  ].flat();
  const trial = privateOptions(createLayerKey(), digestOf(randomBytes(32)));
  await wrapAll(wrappers, trial);
  return wrappers;
}

async function unlessEmpty<R>(
  own: readonly R[],
  open: (own: readonly R[]) => Promise<readonly KeyWrapper[]>,
): Promise<readonly KeyWrapper[]> {
  return own.length === 0 ? [] : open(own);
}

/**
 * What `payload` becomes for all recipients, as annotations of a layer.
 * @throws OcipushError KEY_INVALID, or as a key provider fails
 */
export async function wrapAll(
  wrappers: readonly KeyWrapper[],
  payload: Uint8Array,
): Promise<Readonly<Record<string, string>>> {
  const wrapped: Record<string, string> = {};
  for (const wrapper of wrappers) {
    const bytes = await wrapper.wrap(payload).catch((error: unknown) => {
      throw error instanceof OcipushError ? error : unusable(wrapper, error);
    });
    wrapped[wrapper.annotation] = Buffer.from(bytes).toString('base64');
  }
  return wrapped;
}

/** What can be read as a public key need not be one: who encrypts with it finds out. */
function unusable({ annotation }: KeyWrapper, error: unknown): OcipushError {
  return keyError(
    `wrapping keys for ${annotation}: ${messageOf(error)}`,
    'a public key is damaged: get it again from the recipient',
    error,
  );
}
