import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import { parseImageManifest } from '../../../src/image/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { signatureArtifact } from '../../../src/signing/sigstore/bundle.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const subject = {
  mediaType: OCI_INDEX,
  digest: `sha256:${'ab'.repeat(32)}` as Digest,
  size: 17,
  annotations: { left: 'behind' },
};

interface Bundle {
  readonly mediaType: string;
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: string }[];
  };
}

describe('the artifact of a signature', () => {
  const { blobs, manifest } = signatureArtifact(privateKey, subject);
  const parsed = parseImageManifest(manifest.bytes, OCI_MANIFEST);

  test('refers to the image, and says what it is', () => {
    expect(parsed).toMatchObject({
      artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', size: 2 },
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
      },
    });
    expect(parsed.subject).toEqual({ mediaType: OCI_INDEX, digest: subject.digest, size: 17 });
    expect(manifest.digest).toBe(digestOf(manifest.bytes));
  });

  test('comes with all that it names', () => {
    expect([parsed.config, ...parsed.layers]).toEqual(blobs.map(({ descriptor }) => descriptor));
    for (const { descriptor, bytes } of blobs) {
      expect(descriptor).toMatchObject({ digest: digestOf(bytes), size: bytes.length });
    }
  });

  test('holds a bundle whose statement is signed', () => {
    const bundle = JSON.parse(Buffer.from(blobs[1]?.bytes ?? []).toString()) as Bundle;
    const { payload, payloadType, signatures } = bundle.dsseEnvelope;
    const statement = Buffer.from(payload, 'base64').toString();
    expect(statement).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${'ab'.repeat(32)}"}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`,
    );
    const signed = Buffer.from(`DSSEv1 28 ${payloadType} ${statement.length} ${statement}`);
    const signature = Buffer.from(signatures[0]?.sig ?? '', 'base64');
    expect(verify('sha256', signed, createPublicKey(privateKey), signature)).toBe(true);
    const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    expect(bundle.verificationMaterial.publicKey.hint).toBe(
      createHash('sha256').update(der).digest('base64'),
    );
  });
});
