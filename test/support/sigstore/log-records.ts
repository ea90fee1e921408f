/** What Rekor takes on record, once it has verified it. */
import { createHash, createPublicKey, verify, X509Certificate, type KeyObject } from 'node:crypto';

/** As the log keeps it, with its members in the order of their names. */
export interface KeptRecord {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: object;
}

export interface HashedRecord extends KeptRecord {
  readonly spec: {
    readonly data: { readonly hash: { readonly algorithm: string; readonly value: string } };
    readonly signature: {
      readonly content: string;
      readonly publicKey: { readonly content: string };
    };
  };
}

interface ProposedEnvelope {
  readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] };
}

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

/** @throws Error for what is no record, and for an envelope that nobody of its verifiers signed */
export function checkedRecord(text: string): KeptRecord {
  const record = JSON.parse(text) as KeptRecord;
  if (record.apiVersion === '0.0.1' && record.kind === 'hashedrekord') {
    return checkedHash(record as HashedRecord);
  }
  if (record.apiVersion === '0.0.1' && record.kind === 'dsse') {
    return checkedEnvelope(record.spec as ProposedEnvelope);
  }
  throw new Error(`no record: ${text}`);
}

/** The log does not get what was signed, and so cannot verify it. */
function checkedHash({ kind, apiVersion, spec }: HashedRecord): HashedRecord {
  const { hash } = spec.data;
  const { content, publicKey } = spec.signature;
  keyIn(publicKey.content);
  const isHash = hash.algorithm === 'sha256' && /^[0-9a-f]{64}$/.test(hash.value);
  if (!isHash) throw new Error(`no hash: ${JSON.stringify(hash)}`);
  return {
    apiVersion,
    kind,
    spec: { data: { hash }, signature: { content, publicKey: { content: publicKey.content } } },
  };
}

function checkedEnvelope({ proposedContent }: ProposedEnvelope): KeptRecord {
  const { envelope: text, verifiers } = proposedContent;
  const { payload, payloadType, signatures } = JSON.parse(text) as Envelope;
  const bytes = Buffer.from(payload, 'base64');
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `;
  const signed = Buffer.concat([Buffer.from(head), bytes]);
  const [signature = { sig: '' }, ...others] = signatures;
  const [verifier = ''] = verifiers;
  const isSigned = verify('sha256', signed, keyIn(verifier), Buffer.from(signature.sig, 'base64'));
  if (!isSigned || others.length > 0) throw new Error(`not signed: ${text}`);
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: { algorithm: 'sha256', value: sha256(text) },
      payloadHash: { algorithm: 'sha256', value: sha256(bytes) },
      signatures: [{ signature: signature.sig, verifier }],
    },
  };
}

function keyIn(base64: string): KeyObject {
  const pem = Buffer.from(base64, 'base64').toString();
  return pem.includes('CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
