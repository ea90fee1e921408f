/** Writes a manifest in the first of its formats that the destination accepts. */
import { isListType } from '../image/media-types.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { RawManifest } from '../transports/transport.ts';
import { checkOverwrite, isNamed } from './overwrite.ts';
import type { PushSession } from './session.ts';
import { isNamedLast, storeSignatures, type Signatures } from './signatures.ts';
import { withUnknownBlobs } from './unknown-blobs.ts';

/** `instance`: to be found under its own digest, as those of a list; `image`: as the reference says. */
export type ManifestTarget = 'image' | 'instance';

/** One format, and how the manifest comes to be in it. */
export interface WritableForm {
  readonly type: string;
  /** Called only when the forms before it were refused; may store what the format needs besides. */
  make(): Promise<RawManifest>;
}

export interface ManifestToWrite {
  /** The preferred one first; never empty. */
  readonly forms: readonly WritableForm[];
  readonly target: ManifestTarget;
  readonly signatures: Signatures;
}

/**
 * Writes a manifest and its signatures.
 * @returns the manifest as it was accepted
 * @throws OcipushError DIGEST_MISMATCH when the image would have another digest than expected;
 * MANIFEST_REJECTED when no format was accepted
 */
export async function writeManifest(
  session: PushSession,
  { forms, target, signatures }: ManifestToWrite,
): Promise<RawManifest> {
  const refusals: Refusal[] = [];
  const namedLast = target === 'image' && isNamedLast(session, signatures);
  const firstTarget = namedLast ? 'instance' : target;
  for (const form of forms) {
    const make = async (): Promise<RawManifest> => {
      const manifest = await form.make();
      if (target === 'image') {
        checkExpected(session, manifest);
        checkOverwrite(session, manifest);
      }
      return manifest;
    };
    const checked = { type: form.type, make };
    const outcome = await tryForm(session, checked, firstTarget, refusals.length > 0);
    if ('error' in outcome) {
      refusals.push(outcome);
      continue;
    }
    const instance = target === 'instance' ? outcome.digest : undefined;
    await storeSignatures(session, signatures, outcome, instance);
    if (namedLast) await put(session, outcome, 'image');
    return outcome;
  }
  throw allRefused(refusals);
}

interface Refusal {
  readonly type: string;
  readonly error: OcipushError;
}

async function tryForm(
  session: PushSession,
  form: WritableForm,
  target: ManifestTarget,
  isFallback: boolean,
): Promise<RawManifest | Refusal> {
  try {
    const manifest = await form.make();
    const of = isListType(manifest.mediaType) ? 'list' : 'image';
    session.progress.event({ kind: 'writing-manifest', of });
    await put(session, manifest, target);
    return manifest;
  } catch (error) {
    // A form that cannot even be made is only tried because the one before it was refused.
    const isRefusal =
      error instanceof OcipushError &&
      (error.code === 'MANIFEST_REJECTED' || (isFallback && error.code === 'UNSUPPORTED'));
    if (isRefusal) return { type: form.type, error };
    throw error;
  }
}

/** @throws OcipushError DIGEST_MISMATCH */
export function checkExpected({ options }: PushSession, { digest }: RawManifest): void {
  const { expectDigest } = options;
  if (expectDigest === undefined || digest === expectDigest) return;
  throw new OcipushError(
    'DIGEST_MISMATCH',
    `the image would have the digest ${digest} instead of the expected ${expectDigest}`,
    {
      origin: 'usage',
      hint: 'the source, the options or the version differ from those that the digest was made with',
      context: { digest },
    },
  );
}

async function put(
  session: PushSession,
  manifest: RawManifest,
  target: ManifestTarget,
): Promise<void> {
  // A name that stands for it already is left alone.
  if (target === 'image' && isNamed(session, manifest)) return;
  const instance = target === 'instance' ? manifest.digest : undefined;
  const write = (): Promise<void> => session.destination.putManifest(manifest, instance);
  await withUnknownBlobs(session, write).catch((error: unknown) => {
    throw wrapError(error, 'writing manifest', { code: 'REGISTRY_STATUS', origin: 'destination' });
  });
}

function allRefused(refusals: readonly Refusal[]): OcipushError {
  const [first, ...others] = refusals;
  if (first === undefined) throw new TypeError('a manifest without any form');
  if (others.length === 0) return first.error;
  const list = refusals.map(({ type, error }) => `${type}(${error.message})`).join(', ');
  const { origin, hint, context } = first.error;
  return new OcipushError(
    'MANIFEST_REJECTED',
    `Uploading manifest failed, attempted the following formats: ${list}`,
    { origin, hint, context, cause: first.error },
  );
}
