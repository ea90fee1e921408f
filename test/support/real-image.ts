/** The real image that interop tests and benchmarks push: three layers of Debian, 457 MB plain. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestHex, digestOf, parseDigest, type Digest } from '../../src/image/digest.ts';

export interface RealImage {
  /** Holds the image in every form that `test/peers/real-image` lists. */
  readonly dir: string;
  readonly config: Digest;
  readonly diffIDs: readonly Digest[];
  /** The manifest whose layers are compressed already: whatever pushes them as they are keeps it. */
  readonly gzipManifest: Digest;
}

const SCRIPT = join('test', 'peers', 'real-image');

/**
 * Whether the image is there, for `describe.runIf`; makes it, which takes a minute, where that can be.
 * Where CI is set a missing image throws instead, so that nothing is skipped unseen.
 */
export function requireRealImage(): boolean {
  try {
    execFileSync(SCRIPT, { stdio: ['ignore', 'ignore', 'inherit'] });
    return true;
  } catch (error) {
    if (process.env['CI']) throw error;
    return false;
  }
}

/** The image, which {@link requireRealImage} has made sure of. */
export function realImage(): RealImage {
  const dir = execFileSync(SCRIPT, { encoding: 'utf8' }).trim();
  const bytes = readFileSync(join(dir, 'dir-gzip', 'manifest.json'));
  const manifest = JSON.parse(bytes.toString()) as { readonly config: { readonly digest: string } };
  const config = parseDigest(manifest.config.digest);
  const { rootfs } = JSON.parse(readFileSync(join(dir, 'dir-gzip', digestHex(config)), 'utf8')) as {
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  return { dir, config, diffIDs: rootfs.diff_ids.map(parseDigest), gzipManifest: digestOf(bytes) };
}
