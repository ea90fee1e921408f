/** How many requests the signatures of a plan take, without making any. */
import { encodeSignature, type Signature } from '../image/signature.ts';
import type { SignaturePlan, SignatureStore } from '../transports/transport.ts';
import { predictManifest, type PlannedManifest } from './manifests.ts';
import type { PushSession } from './session.ts';
import { knownSignatures } from './signing.ts';

/**
 * Looks for signatures that are there already, where it is known of what.
 * @throws OcipushError of the destination
 */
export async function previewSignatures(
  session: PushSession,
  planned: PlannedManifest,
): Promise<number> {
  const { signatures: store } = session.destination;
  if (store?.requests === undefined) return 0;
  const plans: SignaturePlan[] = [];
  for (const manifest of manifestsIn(planned)) {
    plans.push(await planSignatures(session, store, manifest));
  }
  return store.requests(plans);
}

function manifestsIn(planned: PlannedManifest): readonly PlannedManifest[] {
  if (planned.kind === 'image') return [planned];
  const below = planned.instances.flatMap(({ contents }) =>
    contents ? manifestsIn(contents) : [],
  );
  return [...below, planned];
}

async function planSignatures(
  session: PushSession,
  store: SignatureStore,
  planned: PlannedManifest,
): Promise<SignaturePlan> {
  const { signatures: carried } = planned;
  const asked = formatsOf(session.options.signing.signers);
  const manifest = predictManifest(planned);
  const formats = [...new Set([...asked, ...formatsOf(carried)])];
  const stored = manifest && formats.length > 0 ? await store.existing(manifest, formats) : [];
  const known = [...carried, ...stored];
  const wanted = await knownSignatures(session, manifest?.digest, known);
  const put = [...new Set([...carried, ...wanted.flatMap(({ found }) => found ?? [])])];
  const texts = new Set(stored.map(textOf));
  const isStored = (signature: Signature): boolean => texts.has(textOf(signature));
  const made = wanted.filter(({ found }) => found === undefined);
  return {
    asked: [...new Set(asked)],
    stored: formatsOf(stored),
    kept: formatsOf(put.filter(isStored)),
    added: formatsOf([...put.filter((each) => !isStored(each)), ...made]),
  };
}

function formatsOf<F>(all: readonly { readonly format: F }[]): readonly F[] {
  return all.map(({ format }) => format);
}

function textOf(signature: Signature): string {
  return `${signature.format} ${Buffer.from(encodeSignature(signature)).toString('base64')}`;
}
