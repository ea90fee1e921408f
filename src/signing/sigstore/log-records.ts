/** What is put on record in Rekor: how it is sent, and how the log has it afterwards. */
import { createHash } from 'node:crypto';
import { memberAt } from '../../io/bounded-json.ts';
import type { Envelope } from './envelope.ts';
import { parsePem } from './pem.ts';
import type { LogRecord } from './rekor.ts';

/** A signature over a payload that the log does not get. */
export interface SignedPayload {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** The public key, or the certificate for it, in PEM form. */
  readonly verifier: string;
}

/** Rekor's type hashedrekord, version 0.0.1. */
export function hashedRecord({ payload, signature, verifier }: SignedPayload): LogRecord {
  const content = base64(signature);
  const hash = { algorithm: 'sha256', value: sha256(payload) };
  return {
    kind: 'hashedrekord',
    version: '0.0.1',
    spec: {
      data: { hash },
      signature: { content, publicKey: { content: base64(verifier) } },
    },
    isIn: (spec) => {
      const signed = memberAt(spec, 'signature');
      return (
        isSameHash(memberAt(spec, 'data', 'hash'), payload) &&
        memberAt(signed, 'content') === content &&
        isSamePem(memberAt(signed, 'publicKey', 'content'), verifier)
      );
    },
  };
}

/** Rekor's type dsse, version 0.0.1: it gets the envelope, verifies it and keeps its digests. */
export function envelopeRecord(envelope: Envelope, verifier: string): LogRecord {
  return {
    kind: 'dsse',
    version: '0.0.1',
    spec: {
      proposedContent: { envelope: JSON.stringify(envelope), verifiers: [base64(verifier)] },
    },
    isIn: (spec) => {
      const kept = memberAt(spec, 'signatures');
      const [only, ...others] = Array.isArray(kept) ? (kept as readonly unknown[]) : [];
      return (
        isSameHash(memberAt(spec, 'payloadHash'), Buffer.from(envelope.payload, 'base64')) &&
        others.length === 0 &&
        memberAt(only, 'signature') === envelope.signatures[0].sig &&
        isSamePem(memberAt(only, 'verifier'), verifier)
      );
    },
  };
}

function isSameHash(hash: unknown, bytes: Uint8Array): boolean {
  return memberAt(hash, 'algorithm') === 'sha256' && memberAt(hash, 'value') === sha256(bytes);
}

/** The log may write the key in other lines. */
function isSamePem(one: unknown, other: string): boolean {
  if (typeof one !== 'string') return false;
  const text = Buffer.from(one, 'base64').toString('latin1');
  return JSON.stringify(parsePem(text)) === JSON.stringify(parsePem(other));
}

function base64(content: Uint8Array | string): string {
  return Buffer.from(content).toString('base64');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
