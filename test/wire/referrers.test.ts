/** What refers to an image goes with it, from a registry to a layout and to another registry. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { EMPTY_CONFIG, EMPTY_CONFIG_BYTES } from '../../src/image/empty-config.ts';
import { encodeImageManifest } from '../../src/image/manifest.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import { referrersTag } from '../../src/image/referrers.ts';
import { extendAttachments } from '../../src/signing/sigstore/attachments.ts';
import { sigstoreSignature } from '../../src/signing/sigstore/sigstore-signature.ts';
import { makeLayer, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { startRegistry } from '../support/registry/registry.ts';
import type { Repository } from '../support/registry/repository.ts';
import { openScene, type Scene } from '../support/scene.ts';

const SBOM = Buffer.from('{"spdxVersion":"SPDX-2.3"}');

/** Attaches a signature and an SBOM to what was pushed, as others do it. */
function attachTo({ descriptor }: { readonly descriptor: Descriptor }, repository: Repository) {
  const signature = sigstoreSignature(Buffer.from('{"by":"us"}'), Buffer.from('signature'));
  const attached = extendAttachments(undefined, [signature]);
  if (attached === undefined) throw new Error('nothing was attached');
  for (const { bytes } of [...attached.layers, attached.config]) repository.addBlob(bytes);
  const tag = `${referrersTag(descriptor.digest)}.sig`;
  repository.addManifest(attached.manifest.bytes, OCI_MANIFEST, tag);
  const { mediaType, digest, size } = descriptor;
  const sbom = encodeImageManifest({
    mediaType: OCI_MANIFEST,
    namesMediaType: true,
    artifactType: 'application/spdx+json',
    config: EMPTY_CONFIG,
    layers: [{ mediaType: 'application/spdx+json', digest: digestOf(SBOM), size: SBOM.length }],
    subject: { mediaType, digest, size },
  });
  for (const bytes of [SBOM, EMPTY_CONFIG_BYTES]) repository.addBlob(bytes);
  return {
    tag,
    signatures: attached.manifest.digest,
    sbom: repository.addManifest(sbom, OCI_MANIFEST),
  };
}

async function pushImage(scene: Scene): Promise<MadeImage> {
  const layers = [await makeLayer({ a: '1' })];
  const image = await writeOciLayout(scene.path('image'), { layers, compression: 'gzip' });
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
  return image;
}

describe('--referrers', () => {
  test('brings all of it along, by way of a layout', async () => {
    await using scene = await openScene({ referrersPage: 10 });
    await using other = await startRegistry();
    const image = await pushImage(scene);
    const { tag, signatures, sbom } = attachTo(image.manifest, scene.repository);
    const push = (...words: readonly string[]) =>
      scene.home.run(['push', '--tls-verify=false', '--referrers=all', ...words]);
    const first = await push(`docker://${scene.destination}`, 'oci:copy:a');
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toContain(`Copying referrer ${sbom} (application/spdx+json)\n`);
    expect(first.stderr).toContain(`Copying referrer ${signatures} (${tag})\n`);
    const index = JSON.parse(await readFile(scene.path('copy/index.json'), 'utf8')) as {
      readonly manifests: readonly Descriptor[];
    };
    expect(index.manifests.map(({ digest }) => digest)).toEqual([
      image.manifest.descriptor.digest,
      sbom,
      signatures,
    ]);
    const second = await push('oci:copy:a', `${other.host}/team/app:1`);
    expect(second).toMatchObject({ code: 0 });
    const { tags, manifests, blobs } = other.repository('team/app');
    expect(tags.get(tag)).toBe(signatures);
    expect(manifests.has(sbom)).toBe(true);
    expect(blobs.has(digestOf(SBOM))).toBe(true);
    // This registry lists nothing itself.
    expect([...tags.keys()].toSorted()).toEqual(
      ['1', tag, referrersTag(image.manifest.descriptor.digest)].toSorted(),
    );
  });

  test('brings signatures alone, also with an image that is there already', async () => {
    await using scene = await openScene({ referrersPage: 10 });
    const image = await pushImage(scene);
    const { tag, sbom } = attachTo(image.manifest, scene.repository);
    const destination = `${scene.registry.host}/team/copy:1`;
    const words = ['push', '--tls-verify=false', `docker://${scene.destination}`, destination];
    expect(await scene.home.run(words)).toMatchObject({ code: 0 });
    const { tags, manifests } = scene.registry.repository('team/copy');
    expect([...tags.keys()]).toEqual(['1']);
    expect(await scene.home.run([...words, '--referrers', 'signatures'])).toMatchObject({
      code: 0,
    });
    expect([...tags.keys()]).toEqual(['1', tag]);
    expect(manifests.has(sbom)).toBe(false);
  });

  test.each([
    ['dir:copy', 'dir:copy takes no referrers'],
    ['oci:copy', 'oci:copy takes no referrers'],
  ])('is refused for %s, before anything is written', async (destination, message) => {
    await using scene = await openScene();
    await pushImage(scene);
    const words = ['push', '--tls-verify=false', '--referrers=all'];
    const run = await scene.home.run([...words, `docker://${scene.destination}`, destination]);
    expect(run.code).toBe(125);
    expect(run.stderr).toContain(message);
    await expect(readFile(scene.path('copy'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
