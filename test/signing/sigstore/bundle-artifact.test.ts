import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import { parseImageManifest } from '../../../src/image/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { bundleArtifact, bundleSignature } from '../../../src/signing/sigstore/bundle-artifact.ts';

const subject = {
  mediaType: OCI_INDEX,
  digest: `sha256:${'ab'.repeat(32)}` as Digest,
  size: 17,
};

describe('the artifact of a bundle', () => {
  const signature = bundleSignature(Buffer.from('{}'), new Date(0));
  const { blobs, manifest } = bundleArtifact(signature, subject);
  const parsed = parseImageManifest(manifest.bytes, OCI_MANIFEST);

  test('refers to the image, and says what it is', () => {
    expect(parsed).toMatchObject({
      artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', size: 2 },
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
        'org.opencontainers.image.created': '1970-01-01T00:00:00Z',
      },
      subject,
    });
    expect(manifest.digest).toBe(digestOf(manifest.bytes));
  });

  test('comes with all that it names', () => {
    expect([parsed.config, ...parsed.layers]).toEqual(blobs.map(({ descriptor }) => descriptor));
    for (const { descriptor, bytes } of blobs) {
      expect(descriptor).toMatchObject({ digest: digestOf(bytes), size: bytes.length });
    }
  });
});
