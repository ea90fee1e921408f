import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { EMPTY_CONFIG } from '../../src/image/empty-config.ts';
import { encodeImageManifest, type ImageManifest } from '../../src/image/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  addReferrer,
  attachmentTags,
  isSignatureArtifact,
  isSignatureTag,
  parseReferrers,
  referenceOf,
  referrersTag,
} from '../../src/image/referrers.ts';

const DIGEST = digestOf(Buffer.from('image'));
const HEX = DIGEST.slice(7);
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

test('tags are made of the digest', () => {
  expect(referrersTag(DIGEST)).toBe(`sha256-${HEX}`);
  expect(attachmentTags(DIGEST)).toEqual(
    ['sig', 'att', 'sbom'].map((kind) => `sha256-${HEX}.${kind}`),
  );
  const long = `sha512:${'ab'.repeat(64)}` as Digest;
  expect(referrersTag(long)).toBe(`sha512-${'ab'.repeat(32)}`);
});

test.each([
  [`sha256-${HEX}.sig`, true],
  [`sha256-${HEX}.att`, false],
  [`sha256-${HEX}.sbom`, false],
])('%s holds signatures: %s', (tag, isSignature) => {
  expect(isSignatureTag(tag)).toBe(isSignature);
});

describe('an artifact', () => {
  const predicate = (type: string) => ({ 'dev.sigstore.bundle.predicateType': type });
  test.each<readonly [entry: Pick<Descriptor, 'artifactType' | 'annotations'>, is: boolean]>([
    [{ artifactType: 'application/vnd.cncf.notary.signature' }, true],
    [{ artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' }, true],
    [{ artifactType: BUNDLE, annotations: predicate('https://sigstore.dev/cosign/sign/v1') }, true],
    [{ artifactType: BUNDLE, annotations: predicate('https://slsa.dev/provenance/v1') }, false],
    [
      {
        artifactType: BUNDLE,
        annotations: { 'dev.sigstore.bundle.content': 'message-signature' },
      },
      true,
    ],
    [{ artifactType: BUNDLE }, false],
    [{ artifactType: 'application/spdx+json' }, false],
    [{ annotations: predicate('https://sigstore.dev/cosign/sign/v1') }, false],
    [{}, false],
  ])('%j is a signature: %s', (entry, is) => {
    const descriptor = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 1, ...entry };
    expect(isSignatureArtifact(descriptor)).toBe(is);
  });
});

function manifestOf(parts: Partial<ImageManifest>) {
  const base = { mediaType: OCI_MANIFEST, namesMediaType: true, layers: [] } as const;
  const bytes = encodeImageManifest({ ...base, config: EMPTY_CONFIG, ...parts });
  return { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) };
}

describe('the reference of a manifest', () => {
  const subject = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 5 };

  test('says what it is, and of what', () => {
    const annotations = { a: 'b' };
    const manifest = manifestOf({ artifactType: 'text/x', annotations, subject });
    const { mediaType, digest, bytes } = manifest;
    const size = bytes.length;
    expect(referenceOf(manifest)).toEqual({
      subject,
      entry: { mediaType, digest, size, annotations, artifactType: 'text/x' },
    });
  });

  test('falls back to the type of the config', () => {
    const { subject: none, entry } = referenceOf(manifestOf({}));
    expect(none).toBeUndefined();
    expect(entry.artifactType).toBe('application/vnd.oci.empty.v1+json');
  });

  test('is none of a list', () => {
    const bytes = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const list = { bytes, mediaType: OCI_INDEX, digest: digestOf(bytes) };
    expect(() => referenceOf(list)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});

describe('the list of referrers', () => {
  const { entry: first } = referenceOf(manifestOf({ artifactType: 'text/first' }));
  const { entry: second } = referenceOf(manifestOf({ artifactType: 'text/second' }));

  test('grows by what is not in it', () => {
    const one = addReferrer(undefined, first);
    const two = addReferrer(one?.bytes, second);
    expect(parseReferrers(two?.bytes ?? Buffer.of()).instances).toEqual([first, second]);
    expect(two).toMatchObject({
      mediaType: OCI_INDEX,
      digest: digestOf(two?.bytes ?? Buffer.of()),
    });
    expect(addReferrer(two?.bytes, first)).toBeUndefined();
  });

  test.each([['{}'], ['no JSON'], ['{"schemaVersion":2,"config":{},"layers":[]}']])(
    'is not %s',
    (text) => {
      expect(() => addReferrer(Buffer.from(text), first)).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID' }),
      );
    },
  );
});
