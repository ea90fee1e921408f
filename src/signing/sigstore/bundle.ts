/** Signatures as cosign 3 writes them: a Sigstore bundle, in an artifact that refers to the image. */
import { createHash, type KeyObject } from 'node:crypto';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestAlgorithm, digestHex, digestOf, type Digest } from '../../image/digest.ts';
import { EMPTY_CONFIG, EMPTY_CONFIG_BYTES } from '../../image/empty-config.ts';
import { encodeJson } from '../../image/json-encoder.ts';
import { encodeImageManifest } from '../../image/manifest.ts';
import { OCI_MANIFEST } from '../../image/media-types.ts';
import { CONTENT_ANNOTATION, PREDICATE_ANNOTATION, SIGN_PREDICATE } from '../../image/referrers.ts';
import type { AttachedBlob } from './attachments.ts';
import { publicDer, signBytes } from './private-key.ts';

/** Media type of bundles (sigstore/protobuf-specs sigstore_bundle.proto), and of their artifacts. */
const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const STATEMENT_TYPE = 'application/vnd.in-toto+json';

/** What must be stored so that the signature is found: blobs first. */
export interface SignatureArtifact {
  readonly blobs: readonly AttachedBlob[];
  readonly manifest: {
    readonly bytes: Uint8Array;
    readonly mediaType: typeof OCI_MANIFEST;
    readonly digest: Digest;
  };
}

/**
 * Signs an image or list in a bundle, with a key that its reader has to know: nothing is on record.
 * `subject` has the media type, digest and size of its manifest.
 */
export function signatureArtifact(key: KeyObject, subject: Descriptor): SignatureArtifact {
  const bytes = encodeBundle(key, statementOf(subject.digest));
  const layer = { mediaType: BUNDLE_TYPE, digest: digestOf(bytes), size: bytes.length };
  const { mediaType, digest, size } = subject;
  const manifest = encodeImageManifest({
    mediaType: OCI_MANIFEST,
    namesMediaType: true,
    artifactType: BUNDLE_TYPE,
    config: EMPTY_CONFIG,
    layers: [layer],
    subject: { mediaType, digest, size },
    annotations: {
      [CONTENT_ANNOTATION]: 'dsse-envelope',
      [PREDICATE_ANNOTATION]: SIGN_PREDICATE,
    },
  });
  return {
    blobs: [
      { descriptor: EMPTY_CONFIG, bytes: EMPTY_CONFIG_BYTES },
      { descriptor: layer, bytes },
    ],
    manifest: { bytes: manifest, mediaType: OCI_MANIFEST, digest: digestOf(manifest) },
  };
}

/** An in-toto statement, version 1, about one manifest. */
function statementOf(digest: Digest): Uint8Array {
  return encodeJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { [digestAlgorithm(digest)]: digestHex(digest) } }],
    predicateType: SIGN_PREDICATE,
    predicate: {},
  });
}

function encodeBundle(key: KeyObject, statement: Uint8Array): Uint8Array {
  const signature = signBytes(key, authenticated(STATEMENT_TYPE, statement));
  const hint = createHash('sha256').update(publicDer(key)).digest('base64');
  return encodeJson({
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint } },
    dsseEnvelope: {
      payload: base64(statement),
      payloadType: STATEMENT_TYPE,
      signatures: [{ sig: base64(signature) }],
    },
  });
}

/** What a DSSE envelope signs (secure-systems-lab/dsse protocol.md, PAE): no part can pass for another. */
function authenticated(type: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
