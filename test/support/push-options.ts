/** Options of a push that wishes nothing. */
import type { Platform } from '../../src/image/descriptor.ts';
import type { CompressionWish, PushOptions } from '../../src/push/options.ts';

export const AMD64: Platform = { os: 'linux', architecture: 'amd64' };

export const NO_COMPRESSION_WISH: CompressionWish = {
  everywhere: false,
  keepPlain: false,
  anyVariant: false,
};

/** Without repetition, and with the signatures. */
export const NO_WISHES: PushOptions = {
  compression: NO_COMPRESSION_WISH,
  expects: 'any',
  platform: AMD64,
  platforms: [],
  addCompression: [],
  annotations: {},
  preserveDigests: false,
  tags: [],
  noOverwrite: false,
  verify: false,
  mountFrom: [],
  dryRun: false,
  referrers: 'none',
  removeSignatures: false,
  signing: { signers: [] },
  retry: 0,
  jobs: 6,
};
