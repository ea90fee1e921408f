/** How many requests signatures take at a registry, from what is known of them beforehand. */
import type { SignatureFormat } from '../../image/signature.ts';
import type { SignaturePlan } from '../transport.ts';

/** What a registry can do. */
export interface SignatureFeatures {
  /** Simple signatures; else they are in files, and take no requests. */
  readonly storesSignatures: boolean;
  /** What refers to an image; else a list under a tag does. */
  readonly listsReferrers: boolean;
}

/** A blob: the question whether it is there is the first step of its upload. */
const UPLOAD = 2;

/** Those of all manifests of a push, the question for the features of the registry included. */
export function signatureRequests(
  plans: readonly SignaturePlan[],
  features: SignatureFeatures,
): number {
  const isSimple = ({ asked, added }: SignaturePlan): boolean =>
    [...asked, ...added].includes('simple-signing');
  const inFormat = (format: SignatureFormat): readonly Count[] =>
    plans.map((plan) => countOf(plan, format));
  const inBundles = inFormat('sigstore-bundle');
  const hasBundles = inBundles.some(({ added }) => added > 0);
  return [
    plans.some(isSimple) ? 1 : 0,
    ...inFormat('simple-signing').map((count) => simple(count, features)),
    ...inFormat('sigstore').map(attachments),
    ...inBundles.map((count) => bundles(count, features)),
    // All bundles have the same config, which is there from the first one on.
    hasBundles && inBundles.every(({ stored }) => stored === 0) ? UPLOAD - 1 : 0,
  ].reduce((sum, count) => sum + count, 0);
}

/** Of the signatures of one manifest in one format. */
interface Count {
  readonly isAsked: boolean;
  readonly stored: number;
  readonly kept: number;
  readonly added: number;
}

function countOf({ asked, stored, kept, added }: SignaturePlan, format: SignatureFormat): Count {
  const count = (formats: readonly SignatureFormat[]): number =>
    formats.filter((each) => each === format).length;
  const isAsked = asked.includes(format);
  return { isAsked, stored: count(stored), kept: count(kept), added: count(added) };
}

/** What is there is asked for once more before anything is added. */
function simple({ isAsked, kept, added }: Count, { storesSignatures }: SignatureFeatures): number {
  if (!storesSignatures) return 0;
  const isPut = kept + added > 0;
  return (isAsked ? 1 : 0) + (isPut ? 1 + added : 0);
}

/** The manifest, each payload; again the manifest, its config; new payloads, config and manifest. */
function attachments({ isAsked, stored, kept, added }: Count): number {
  const looking = isAsked ? 1 + stored : 0;
  if (kept + added === 0) return looking;
  const again = stored > 0 ? 2 : 1;
  return looking + again + (added > 0 ? (added + 1) * UPLOAD + 1 : 0);
}

/** The list, each manifest with its bundle; new ones with their config, each then listed. */
function bundles({ isAsked, stored, added }: Count, { listsReferrers }: SignatureFeatures): number {
  const looking = isAsked ? (listsReferrers ? 1 : 2) + 2 * stored : 0;
  const listing = listsReferrers ? 0 : 2;
  return looking + added * (1 + UPLOAD + 1 + listing);
}
