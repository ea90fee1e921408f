/** Attachments of an image as others made them, and a repository to which they may belong. */
import { digestOf } from '../../../src/image/digest.ts';
import { EMPTY_CONFIG_BYTES } from '../../../src/image/empty-config.ts';
import { OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { attachmentTag, extendAttachments } from '../../../src/signing/sigstore/attachments.ts';
import { sigstoreSignature } from '../../../src/signing/sigstore/sigstore-signature.ts';
import { openRegistry } from '../../registry/open-client.ts';

export const SUBJECT = digestOf(Buffer.from('image'));
export const TAG = attachmentTag(SUBJECT);

/** Attachments with a signature of each of these payloads. */
export function attachments(...payloads: readonly string[]) {
  const signatures = payloads.map((text) =>
    sigstoreSignature(Buffer.from(text), Buffer.from(`by us of ${text}`)),
  );
  const made = extendAttachments(undefined, signatures);
  if (made === undefined) throw new Error('nothing was attached');
  return made;
}

export async function openRepository(options = {}) {
  const { client, registry } = await openRegistry(options);
  const repository = registry.repository('team/app');
  repository.addBlob(EMPTY_CONFIG_BYTES);
  return { client, registry, repository };
}

type Opened = Awaited<ReturnType<typeof openRepository>>;

/** Puts attachments there, with their blobs, as others would. */
export function add(
  { repository }: Opened,
  made: ReturnType<typeof attachments>,
  tag?: string,
): void {
  for (const { bytes } of [...made.layers, made.config]) repository.addBlob(bytes);
  if (tag !== undefined) repository.addManifest(made.manifest.bytes, OCI_MANIFEST, tag);
}
