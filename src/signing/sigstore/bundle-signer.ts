/** Signs for sigstore as cosign 3 does: a statement in a bundle, which speaks of no name. */
import type { PayloadStamp } from '../payload.ts';
import type { Signer } from '../signer.ts';
import { encodeBundle, isBundleOf, signStatement } from './bundle.ts';
import { bundleSignature } from './bundle-artifact.ts';
import { envelopeRecord } from './log-records.ts';
import { verifierOf, type SigstoreKey } from './signing-key.ts';

/** A key that lives for one push recognizes what it signed in that push, and nothing else. */
export function createBundleSigner(
  sigstoreKey: SigstoreKey,
  { clock }: Pick<PayloadStamp, 'clock'>,
): Signer {
  return {
    name: sigstoreKey.name,
    prepare: async (signal) => {
      await sigstoreKey.open(signal);
    },
    check: (signal) => sigstoreKey.check(signal),
    sign: async ({ digest }, _identity, signal) => {
      const open = await sigstoreKey.open(signal);
      const envelope = signStatement(open.key, digest);
      const entry = await open.record?.(envelopeRecord(envelope, verifierOf(open)), signal);
      return bundleSignature(encodeBundle(open, envelope, entry), new Date(clock.now()));
    },
    recognizes: async (signature, digest, _identity, signal) => {
      if (signature.format !== 'sigstore-bundle' || !sigstoreKey.isOpen) return false;
      const { key, record } = await sigstoreKey.open(signal);
      return isBundleOf(key, signature.payload, { digest, recorded: record !== undefined });
    },
  };
}
