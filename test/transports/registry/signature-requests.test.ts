import { expect, test } from 'vitest';
import type { SignatureFormat } from '../../../src/image/signature.ts';
import { signatureRequests } from '../../../src/transports/registry/signature-requests.ts';

const NONE = { asked: [], stored: [], kept: [], added: [] } as const;
const FEATURES = { storesSignatures: true, listsReferrers: true };

const fresh = (format: SignatureFormat) => ({ ...NONE, asked: [format], added: [format] });
const again = (format: SignatureFormat) => ({
  ...NONE,
  asked: [format],
  stored: [format],
  kept: [format],
});
const carried = (format: SignatureFormat) => ({ ...NONE, added: [format] });

test.each([
  [[], {}, 0],
  [[NONE, NONE], {}, 0],
  // The features; what is there, twice; the signature.
  [[fresh('simple-signing')], {}, 1 + 2 + 1],
  [[again('simple-signing')], {}, 1 + 2],
  [[carried('simple-signing')], {}, 1 + 1 + 1],
  [[fresh('simple-signing'), fresh('simple-signing')], { storesSignatures: false }, 1],
  // What is there, twice; payload, config and manifest.
  [[fresh('sigstore')], {}, 2 + 2 + 2 + 1],
  [[carried('sigstore')], {}, 1 + 2 + 2 + 1],
  // The manifest and a payload; the manifest and its config.
  [[again('sigstore')], {}, 2 + 2],
  // The list; config, bundle and manifest; of the second one the config is there.
  [[fresh('sigstore-bundle')], {}, 1 + 2 + 2 + 1],
  [[fresh('sigstore-bundle'), fresh('sigstore-bundle')], {}, 6 + 5],
  [[fresh('sigstore-bundle')], { listsReferrers: false }, 2 + 2 + 2 + 1 + 2],
  [[again('sigstore-bundle')], {}, 1 + 2],
  [[again('sigstore-bundle')], { listsReferrers: false }, 2 + 2],
])('%j at a registry with %j takes', (plans, features, count) => {
  expect(signatureRequests(plans, { ...FEATURES, ...features })).toBe(count);
});
