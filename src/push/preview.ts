/** Says what a push would do, without doing it. */
import type { RawManifest } from '../transports/transport.ts';
import { previewConfig, previewLayer, type PreviewedBlob } from './blobs.ts';
import type { PlannedImage } from './image.ts';
import { imagesIn, type PlannedManifest } from './manifests.ts';
import type { PushResult } from './options.ts';
import type { PushSession } from './session.ts';
import { previewSignatures } from './signature-preview.ts';
import { isNamedLast } from './signatures.ts';

/**
 * Asks the destination what it has of a plan.
 * @param predicted what would be written, where that is known
 * @param isThere whether the destination's name stands for just that already
 * @throws OcipushError of the destination
 */
export async function previewPush(
  session: PushSession,
  planned: PlannedManifest,
  predicted: RawManifest | undefined,
  isThere: boolean,
): Promise<PushResult> {
  const { destination, options } = session;
  const blobs = isThere ? [] : await previewBlobs(session, planned);
  const signing = await previewSignatures(session, planned);
  const naming = isNamedLast(session, planned.signatures) ? 1 : 0;
  const written = (isThere ? 0 : manifestCount(planned) + naming) + options.tags.length;
  // The first asks what the name stands for now.
  const requests = blobs.reduce((sum, blob) => sum + blob.requests, 1 + written + signing);
  const summary = {
    mediaType: predicted?.mediaType ?? planned.plan.types[0] ?? '',
    reference: destination.reference.toString(),
    repository: destination.repository,
    signatures: [],
    blobs: blobs.map(({ requests: _requests, ...report }) => report),
    requests: destination.repository && requests,
  };
  if (predicted === undefined) {
    return { ...summary, status: 'planned', digest: undefined, size: undefined };
  }
  const { digest, bytes } = predicted;
  return { ...summary, status: isThere ? 'unchanged' : 'planned', digest, size: bytes.length };
}

/** Each blob once, however many instances of a list have it. */
async function previewBlobs(
  session: PushSession,
  planned: PlannedManifest,
): Promise<readonly PreviewedBlob[]> {
  const blobs = new Map<string, PreviewedBlob>();
  for (const image of imagesIn(planned)) {
    for (const blob of await previewImage(session, image)) {
      blobs.set(`${blob.descriptor.digest} ${blob.action} ${blob.isEncrypted}`, blob);
    }
  }
  return [...blobs.values()];
}

async function previewImage(
  session: PushSession,
  { plan, preferred }: PlannedImage,
): Promise<readonly PreviewedBlob[]> {
  const layers = plan.layers.map((layer) => previewLayer(session, layer, plan));
  const configs = preferred.keepsConfig
    ? [plan.manifest.config]
    : preferred.newBlobs.map(({ descriptor }) => descriptor);
  return Promise.all([...layers, ...configs.map((config) => previewConfig(session, config))]);
}

function manifestCount(planned: PlannedManifest): number {
  if (planned.kind === 'image') return 1;
  return planned.instances.reduce(
    (sum, { contents }) => sum + (contents ? manifestCount(contents) : 0),
    1,
  );
}
