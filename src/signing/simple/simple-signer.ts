/** What all simple signing has in common, whoever holds the key. */
import { claims, encodePayload, type PayloadStamp } from '../payload.ts';
import type { Signer } from '../signer.ts';
import { simpleClaim } from './payload.ts';

/** A key that makes and reads OpenPGP messages. */
export interface MessageKey extends Pick<Signer, 'name' | 'prepare'> {
  /** A signed message that holds the payload, in binary. @throws OcipushError KEY_INVALID */
  sign(payload: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** What a message of this key holds; undefined for one that is of another, or of nobody. */
  read(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** Whether a program can sign is only known when it has. */
export const TRIAL = Buffer.from('ocipush tries whether this key can sign');

export function createSimpleSigner(key: MessageKey, stamp: PayloadStamp): Signer {
  return {
    name: key.name,
    prepare: (signal) => key.prepare(signal),
    sign: async ({ digest }, identity, signal) => {
      const payload = encodePayload(simpleClaim(digest, identity), stamp);
      return { format: 'simple-signing', bytes: await key.sign(payload, signal) };
    },
    recognizes: async (signature, digest, identity, signal) => {
      if (signature.format !== 'simple-signing') return false;
      const payload = await key.read(signature.bytes, signal);
      return payload !== undefined && claims(payload, simpleClaim(digest, identity));
    },
  };
}
