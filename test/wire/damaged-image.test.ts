/** Images of which a part is damaged, missing or too large: told before anybody can pull them. */
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestHex } from '../../src/image/digest.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import { aftermathOf, CLEAR_FAILURE, failureOf } from '../support/failure.ts';
import {
  blobOf,
  jsonBlob,
  makeLayer,
  noise,
  writeDir,
  writeOciBlobs,
  writeOciLayout,
  type MadeBlob,
} from '../support/make-image.ts';
import { openScene } from '../support/scene.ts';

let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(300_000) })];
});

describe.each(['none', 'gzip'] as const)('layers compressed with %s', (compression) => {
  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(path, bytes);
  };
  const cut = (path: string): Promise<void> => truncate(path, 100);
  const empty = (path: string): Promise<void> => truncate(path, 0);
  const lengthen = (path: string): Promise<void> => appendFile(path, ' ');

  test.each([
    ['oci', 'small layer', 'has another digest', flip],
    ['oci', 'large layer', 'has another digest', flip],
    ['dir', 'large layer', 'has another digest', flip],
    ['oci', 'config', 'has another digest', flip],
    ['dir', 'config', 'has another digest', flip],
    ['oci', 'manifest', 'has another digest', flip],
    ['oci', 'large layer', 'was cut off', cut],
    ['dir', 'small layer', 'was cut off', cut],
    ['oci', 'config', 'was cut off', cut],
    ['oci', 'large layer', 'is empty', empty],
    ['oci', 'large layer', 'is too long', lengthen],
    ['oci', 'config', 'is too long', lengthen],
    ['oci', 'small layer', 'is missing', rm],
    ['dir', 'config', 'is missing', rm],
    ['oci', 'manifest', 'is missing', rm],
  ] as const)('%s:image, whose %s %s', async (transport, part, _, spoil) => {
    await using scene = await openScene();
    const write = transport === 'oci' ? writeOciLayout : writeDir;
    const { layers: made, ...image } = await write(scene.path('image'), { layers, compression });
    const parts = { ...image, 'small layer': made[0], 'large layer': made[1] };
    const hex = digestHex((parts[part] ?? image.config).descriptor.digest);
    await spoil(scene.path(transport === 'oci' ? `image/blobs/sha256/${hex}` : `image/${hex}`));
    // Repetition is of no use, and would show as a warning.
    const run = await scene.push(`${transport}:image`, ['--retry=3']);
    expect(await aftermathOf(scene, run)).toEqual(CLEAR_FAILURE);
    expect(run.stderr).not.toContain('retrying');
  });
});

describe('a manifest', () => {
  const config = blobOf(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
  const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: config.descriptor };

  test.each<readonly [what: string, manifest: MadeBlob]>([
    ['that is no JSON', blobOf(Buffer.from('{"schemaVersion":2'), OCI_MANIFEST)],
    ['that is a list of nothing', blobOf(Buffer.from('[]'), OCI_MANIFEST)],
    ['without layers', jsonBlob(OCI_MANIFEST, document)],
    ['with a bad digest', jsonBlob(OCI_MANIFEST, { ...document, layers: [{ digest: 'x' }] })],
    ['of an unknown type', jsonBlob('application/vnd.example', { ...document, layers: [] })],
    [
      'that is a list as well',
      jsonBlob(OCI_MANIFEST, { ...document, layers: [], manifests: [config.descriptor] }),
    ],
  ])('%s', async (_, manifest) => {
    await using scene = await openScene();
    await writeOciBlobs(scene.path('image'), manifest, [config]);
    const run = await scene.push('oci:image');
    expect(failureOf(run)).toMatchObject({ code: 125, help: undefined });
    expect(await scene.digestFile()).toBeUndefined();
    expect(scene.registry.requests).toEqual([]);
  });

  test.each([
    ['oci:image', 'a layout'],
    ['dir:image', 'a directory'],
    ['./image', 'a directory'],
  ])('of more than 4 MiB: %s, %s', async (source, where) => {
    await using scene = await openScene();
    const huge = { ...document, layers: [], annotations: { padding: 'x'.repeat(4 << 20) } };
    if (where === 'a layout') {
      await writeOciBlobs(scene.path('image'), jsonBlob(OCI_MANIFEST, huge), [config]);
    } else {
      await writeDir(scene.path('image'), { layers });
      await writeFile(scene.path('image/manifest.json'), JSON.stringify(huge));
    }
    expect(await aftermathOf(scene, await scene.push(source))).toEqual(CLEAR_FAILURE);
    expect(scene.registry.requests).toEqual([]);
  });
});
