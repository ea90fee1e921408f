/** Two images that share a layer, for what is pushed over another. */
import { join } from 'node:path';
import { makeLayer, noise, writeOciLayout, type MadeImage } from '../support/make-image.ts';

export interface StoredImage {
  readonly image: MadeImage;
  /** Where it lies, as a source. */
  readonly source: string;
}

export interface Images {
  readonly old: StoredImage;
  readonly new: StoredImage;
}

/** Writes both into layouts in a directory. */
export async function makeImages(directory: string): Promise<Images> {
  const [old, fresh] = await Promise.all([write(directory, 'old'), write(directory, 'new')]);
  return { old, new: fresh };
}

/** Layers of its own for each name, above one that all have. */
async function write(directory: string, name: string): Promise<StoredImage> {
  const text = Buffer.from(noise(30_000, name)).toString('hex').repeat(10);
  const files = [{ base: noise(100_000) }, { noise: noise(500_000, name) }, { text }];
  const path = join(directory, `image-${name}`);
  const image = await writeOciLayout(path, {
    layers: await Promise.all(files.map(makeLayer)),
    compression: 'gzip',
  });
  return { image, source: `oci:${path}` };
}
