/** DSSE envelopes (secure-systems-lab/dsse, envelope.md and protocol.md) with one signature. */
import type { KeyObject } from 'node:crypto';
import { isSignature, signBytes } from './private-key.ts';

/** As it stands in a bundle: payload and signature in base64. */
export interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly [{ readonly sig: string }];
}

export function signEnvelope(key: KeyObject, payloadType: string, payload: Uint8Array): Envelope {
  const signature = signBytes(key, authenticated(payloadType, payload));
  return { payload: base64(payload), payloadType, signatures: [{ sig: base64(signature) }] };
}

/** Whether the key signed it. */
export function isEnvelopeOf(
  key: KeyObject,
  { payload, payloadType, signatures }: Envelope,
): boolean {
  const signed = authenticated(payloadType, Buffer.from(payload, 'base64'));
  return isSignature(key, signed, Buffer.from(signatures[0].sig, 'base64'));
}

/** What is signed (PAE): no part of it can pass for another. */
function authenticated(type: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
