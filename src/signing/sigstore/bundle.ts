/** Sigstore bundles (protobuf-specs, sigstore_bundle.proto, version 0.3) that say of an image that it is signed. */
import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { digestAlgorithm, digestHex, type Digest } from '../../image/digest.ts';
import { encodeJson, type Json } from '../../image/json-encoder.ts';
import { SIGN_PREDICATE } from '../../image/referrers.ts';
import { memberAt, parseJson } from '../../io/bounded-json.ts';
import { OcipushError } from '../../errors.ts';
import { isEnvelopeOf, signEnvelope, type Envelope } from './envelope.ts';
import { publicDer } from './private-key.ts';
import type { LogEntry } from './rekor.ts';
import { badAnswer } from './service.ts';
import type { OpenKey } from './signing-key.ts';

/** The media type of bundles, and of the artifacts that hold them. */
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const STATEMENT_TYPE = 'application/vnd.in-toto+json';

/** Signs an in-toto statement, version 1, that speaks of one manifest and of no name, as cosign 3 does. */
export function signStatement(key: KeyObject, digest: Digest): Envelope {
  const statement = encodeJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { [digestAlgorithm(digest)]: digestHex(digest) }, annotations: {} }],
    predicateType: SIGN_PREDICATE,
    predicate: {},
  });
  return signEnvelope(key, STATEMENT_TYPE, statement);
}

/**
 * @param entry of the envelope in a log; undefined where nothing is on record
 * @throws OcipushError SIGNING_FAILED when the log did not prove that it has the entry
 */
export function encodeBundle(
  { key, certificate }: OpenKey,
  { payload, payloadType, signatures }: Envelope,
  entry: LogEntry | undefined,
): Uint8Array {
  const hint = createHash('sha256').update(publicDer(key)).digest('base64');
  return encodeJson({
    mediaType: BUNDLE_TYPE,
    verificationMaterial: {
      ...(certificate
        ? { certificate: { rawBytes: base64(new X509Certificate(certificate.certificate).raw) } }
        : { publicKey: { hint } }),
      tlogEntries: entry && [logEntry(entry)],
    },
    dsseEnvelope: { payload, payloadType, signatures: signatures.map(({ sig }) => ({ sig })) },
  });
}

/** Whether this key has signed a manifest in a bundle, and put that on record where it is `recorded`. */
export function isBundleOf(
  key: KeyObject,
  bundle: Uint8Array,
  { digest, recorded }: { readonly digest: Digest; readonly recorded: boolean },
): boolean {
  const content = parse(bundle);
  const envelope = readEnvelope(memberAt(content, 'dsseEnvelope'));
  if (envelope === undefined || envelope.payloadType !== STATEMENT_TYPE) return false;
  const entries = memberAt(content, 'verificationMaterial', 'tlogEntries');
  const isRecorded = Array.isArray(entries) && entries.length > 0;
  const statement = parse(Buffer.from(envelope.payload, 'base64'));
  return (
    (isRecorded || !recorded) &&
    memberAt(statement, 'predicateType') === SIGN_PREDICATE &&
    speaksOf(memberAt(statement, 'subject'), digest) &&
    isEnvelopeOf(key, envelope)
  );
}

function speaksOf(subjects: unknown, digest: Digest): boolean {
  const [only, ...others] = Array.isArray(subjects) ? (subjects as readonly unknown[]) : [];
  const hex = memberAt(only, 'digest', digestAlgorithm(digest));
  return others.length === 0 && hex === digestHex(digest);
}

function readEnvelope(envelope: unknown): Envelope | undefined {
  const [payload, payloadType] = ['payload', 'payloadType'].map((name) => memberAt(envelope, name));
  const signatures = memberAt(envelope, 'signatures');
  const [only, ...others] = Array.isArray(signatures) ? (signatures as readonly unknown[]) : [];
  const sig = memberAt(only, 'sig');
  const isText = typeof payload === 'string' && typeof payloadType === 'string';
  if (!isText || typeof sig !== 'string' || others.length > 0) return undefined;
  return { payload, payloadType, signatures: [{ sig }] };
}

/** A TransparencyLogEntry (sigstore_rekor.proto) in the JSON of protobuf: numbers of 64 bits are text. */
function logEntry(entry: LogEntry): Json {
  const { body, inclusionProof: proof } = entry;
  if (proof === undefined)
    throw badAnswer('uploading a log entry to Rekor', 'it lacks a proof that it is in the log');
  const type = parse(Buffer.from(body, 'base64'));
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: base64(Buffer.from(entry.logID, 'hex')) },
    kindVersion: {
      kind: String(memberAt(type, 'kind')),
      version: String(memberAt(type, 'apiVersion')),
    },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: entry.signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: base64(Buffer.from(proof.rootHash, 'hex')),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map((hash) => base64(Buffer.from(hash, 'hex'))),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  };
}

/** What cannot be read says nothing. */
function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, 'bundle');
  } catch (error) {
    if (error instanceof OcipushError) return undefined;
    throw error;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
