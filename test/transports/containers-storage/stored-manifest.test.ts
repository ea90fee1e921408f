import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { parseImageManifest } from '../../../src/image/manifest.ts';
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { deliveredManifest } from '../../../src/transports/containers-storage/stored-manifest.ts';
import { manifestOf } from './make-store.ts';

const CONFIG = Buffer.from('{}');
const PLAIN = digestOf(Buffer.from('plain'));
const PACKED = digestOf(Buffer.from('packed'));
const TYPE = 'application/vnd.oci.image.layer';
const STORED = { diffID: PLAIN, size: 5, files: { tarSplit: '', directories: [] } };

function deliver(bytes: Uint8Array, mediaType: string, count = 1) {
  const stored = { bytes, mediaType, digest: digestOf(bytes) };
  const manifest = parseImageManifest(bytes, mediaType);
  const layers = Array.from({ length: count }, () => STORED);
  return { stored, delivered: deliveredManifest(stored, manifest, layers) };
}

describe('deliveredManifest', () => {
  test('is the stored one where that has these very layers', () => {
    const annotations = { title: 'x' };
    const layers = [{ digest: PLAIN, size: 5, annotations }];
    const { stored, delivered } = deliver(manifestOf(CONFIG, layers), OCI_MANIFEST);
    expect(delivered).toBe(stored);
  });

  test.each([
    [
      { mediaType: `${TYPE}.v1.tar+gzip`, digest: PACKED, size: 3 },
      { mediaType: `${TYPE}.v1.tar` },
    ],
    [
      { mediaType: `${TYPE}.v1.tar+zstd`, digest: PACKED, size: 3 },
      { mediaType: `${TYPE}.v1.tar` },
    ],
    [{ digest: PLAIN, size: 6 }, { mediaType: `${TYPE}.v1.tar` }],
    [{ mediaType: `${TYPE}.v1.tar+gzip`, digest: PLAIN, size: 5 }, { mediaType: `${TYPE}.v1.tar` }],
    [
      {
        mediaType: `${TYPE}.nondistributable.v1.tar+gzip`,
        digest: PACKED,
        size: 3,
        urls: ['http://x'],
      },
      { mediaType: `${TYPE}.nondistributable.v1.tar` }, // the URLs lead to other bytes
    ],
    [
      { mediaType: 'application/x', digest: PACKED, size: 3, data: 'YWJj' },
      { mediaType: `${TYPE}.v1.tar` },
    ],
    [
      {
        mediaType: `${TYPE}.v1.tar+zstd`,
        digest: PACKED,
        size: 3,
        annotations: {
          'io.github.containers.zstd-chunked.manifest-checksum': 'x',
          'io.github.containers.zstd-chunked.manifest-position': 'x',
          'io.github.containers.zstd-chunked.tarsplit-position': 'x',
          'io.github.containers.zstd-chunked.tarsplit-checksum': 'x',
          'containerd.io/snapshot/stargz/toc.digest': 'x',
          title: 'kept',
        },
      },
      { mediaType: `${TYPE}.v1.tar`, annotations: { title: 'kept' } },
    ],
  ])('has plain layers instead of %j', (layer, expected) => {
    const { delivered } = deliver(manifestOf(CONFIG, [layer]), OCI_MANIFEST);
    const { layers } = JSON.parse(Buffer.from(delivered.bytes).toString()) as { layers: unknown };
    expect(layers).toEqual([{ digest: PLAIN, size: 5, ...expected }]);
    expect(delivered.digest).toBe(digestOf(delivered.bytes));
  });

  test('stays one of docker', () => {
    const manifest = {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: { mediaType: DOCKER_CONFIG, size: 2, digest: digestOf(CONFIG) },
      layers: [
        { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', size: 3, digest: PACKED },
      ],
    };
    const { delivered } = deliver(Buffer.from(JSON.stringify(manifest)), DOCKER_MANIFEST);
    const [layer] = parseImageManifest(delivered.bytes, DOCKER_MANIFEST).layers;
    expect(layer).toEqual({
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
      size: 5,
      digest: PLAIN,
    });
  });

  test.each([0, 2])('needs as many layers as the manifest has, not %i', (count) => {
    const bytes = manifestOf(CONFIG, [{ digest: PACKED, size: 3 }]);
    expect(() => deliver(bytes, OCI_MANIFEST, count)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });
});
