/** The real image in container storage, written there by a peer. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peersDir } from '../test/support/peers.ts';
import { realImage } from '../test/support/real-image.ts';
import { contestant } from './contestants.ts';
import { measure } from './measure.ts';

const storage = join(peersDir, 'bench-storage');

/** Named with its storage, which is nobody else’s. */
export const STORED_IMAGE = `containers-storage:[overlay@${storage}/graph+${storage}/run]localhost/bench/image:1`;

/** Puts the image there, unless it was before. */
export async function prepareStorage(): Promise<void> {
  if (existsSync(storage)) return;
  const { root } = contestant('skopeo');
  const state = await mkdtemp(join(tmpdir(), 'ocipush-bench-'));
  try {
    await mkdir(storage);
    const line = ['/usr/bin/skopeo', 'copy', '--quiet', 'oci:oci-gzip:latest', STORED_IMAGE];
    await measure({ line, cwd: realImage().dir, state, root });
  } catch (error) {
    await rm(storage, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}
