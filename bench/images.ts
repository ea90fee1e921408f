/** Images of unusual shape, made once: one large layer, and very many small ones. */
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex } from '../src/image/digest.ts';
import { makeLayer, noise, writeOciLayout } from '../test/support/make-image.ts';
import { peersDir } from '../test/support/peers.ts';
import { realImage } from '../test/support/real-image.ts';

const LARGE_SIZE = 2_000_000_000;
const MANY = 2000;
/** Bytes of content; the layer has its headers as well. */
const SMALL_SIZE = 10_000;

const directory = join(peersDir, 'bench-images');
const [large, many] = [join(directory, 'large'), join(directory, 'many')];

/** One plain layer of 2 GB: those of the real image, over and over. */
export const LARGE_LAYER = `oci:${large}:latest`;

/** 2000 layers of 10 KB, compressed with gzip. */
export const MANY_LAYERS = `oci:${many}:latest`;

/** Makes them, unless they were made before. */
export async function prepareImages(): Promise<void> {
  await once(large, async (path) => {
    await writeOciLayout(path, { layers: [await largeLayer()], tag: 'latest' });
  });
  await once(many, async (path) => {
    const names = Array.from({ length: MANY }, (_, index) => `file-${index}`);
    const layers = await Promise.all(
      names.map((name) => makeLayer({ [name]: noise(SMALL_SIZE, name) })),
    );
    await writeOciLayout(path, { layers, compression: 'gzip', tag: 'latest' });
  });
}

/** What is half made has another name. */
async function once(path: string, make: (path: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  const unfinished = `${path}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await make(unfinished);
  await rename(unfinished, path);
}

async function largeLayer(): Promise<Uint8Array> {
  const { dir, diffIDs } = realImage();
  const blobs = join(dir, 'oci-plain', 'blobs', 'sha256');
  const tars = await Promise.all(diffIDs.map((diffID) => readFile(join(blobs, digestHex(diffID)))));
  const contents = tars.map(withoutEnd);
  const parts: Uint8Array[] = [];
  for (let size = 0; size < LARGE_SIZE; size += parts.at(-1)?.length ?? 0) {
    parts.push(contents[parts.length % contents.length] ?? new Uint8Array());
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** An archive without the zeros that end it, so that another can follow (POSIX pax, ustar format). */
function withoutEnd(tar: Buffer): Buffer {
  let end = tar.length;
  while (end > 0 && tar[end - 1] === 0) end -= 1;
  return tar.subarray(0, Math.ceil(end / 512) * 512);
}
