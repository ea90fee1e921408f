/** Several images in one archive. */
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BlobUpload } from '../../../src/image/blob.ts';
import { parseDockerReference } from '../../../src/image/docker-reference.ts';
import { writeStreamAtomically } from '../../../src/io/atomic-file.ts';
import { single } from '../../../src/io/bytes.ts';
import { ArchiveWriter } from '../../../src/transports/docker-archive/archive-writer.ts';
import { imageAt } from '../../support/image-state.ts';
import { localReference } from '../../support/local-push.ts';
import { makeImage, makeLayer, type MadeBlob, type MadeImage } from '../../support/make-image.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { makeContext } from '../../support/transport-context.ts';

let archive = '';
let writer: ArchiveWriter;

beforeEach(async () => {
  archive = join(await temporaryDirectory(), 'image.tar');
  writer = new ArchiveWriter({
    write: (bytes) => writeStreamAtomically(archive, bytes),
    temporaryDirectory: '/nowhere',
    signal: new AbortController().signal,
  });
});

async function image(...texts: readonly string[]): Promise<MadeImage> {
  const layers = await Promise.all(texts.map((text) => makeLayer({ text })));
  return makeImage({ layers, format: 'docker' });
}

function uploadOf({ descriptor, bytes }: MadeBlob): BlobUpload {
  return {
    mediaType: descriptor.mediaType,
    candidates: [descriptor],
    identity: descriptor,
    open: () => ({ stream: single(bytes), result: () => descriptor }),
  };
}

async function put({ config, layers }: MadeImage, ...tags: readonly string[]): Promise<string[]> {
  const stored = await Promise.all(layers.map((layer) => writer.putLayer(uploadOf(layer))));
  await writer.putImage({
    config: config.bytes,
    layers: layers.map(({ descriptor }) => descriptor.digest),
    tags: tags.map(parseDockerReference),
  });
  return stored.map(({ how }) => how);
}

describe('two images', () => {
  test('share their layers, and each has its names', async () => {
    const [x, y] = [await image('base', 'x'), await image('base', 'y')];
    expect(await put(x, 'x:1', 'x:2')).toEqual(['uploaded', 'uploaded']);
    expect(await put(y, 'y:1')).toEqual(['exists', 'uploaded']);
    expect(await put(x, 'x:2', 'z:1')).toEqual(['exists', 'exists']);
    await writer.finish();
    const at = (name: string): Promise<string> => imageAt(`docker-archive:${archive}:${name}`);
    const [first, second] = [await at('@0'), await at('@1')];
    expect(first).not.toBe(second);
    for (const name of ['x:1', 'x:2', 'z:1']) expect(await at(name)).toBe(first);
    expect(await at('y:1')).toBe(second);
    const third = localReference(`docker-archive:${archive}:@2`).openSource(makeContext());
    await expect(third).rejects.toThrow('only 2 manifest items available');
  });

  test('are not there when the archive is given up', async () => {
    await put(await image('x'), 'x:1');
    await writer[Symbol.asyncDispose]();
    await expect(imageAt(`docker-archive:${archive}`)).rejects.toThrow('not found');
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
