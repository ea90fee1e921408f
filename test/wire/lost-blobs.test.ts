/** A registry that says it has a blob, and finds when the manifest comes that it has not. */
import { expect, test } from 'vitest';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { openScene } from '../support/scene.ts';

test.each(['gzip', 'none'] as const)(
  'gets what it lacks, and the manifest once more (%s)',
  async (compression) => {
    const location = '/v2/team/app/blobs/none';
    const on = { method: 'POST', query: /mount/, times: 3 };
    const faults = [{ on, do: { status: 201, headers: { location }, body: '' } }];
    await using scene = await openScene({ faults });
    const layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(300_000) })];
    const image = await writeOciLayout(scene.path('image'), { layers, compression });
    // So that what the layers become is known, and asked for.
    expect(await scene.home.run(['push', 'oci:image', 'oci:copy'])).toMatchObject({ code: 0 });
    const run = await scene.push('oci:image', ['--output=json']);
    expect(run).toMatchObject({ code: 0 });
    expect(scene.registry.unfired()).toEqual([]);
    const { diffIDs } = pushedImage(scene.repository, '1');
    expect(diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
    expect(run.stderr.match(/the registry has lost the blob/g)).toHaveLength(3);
    const manifests = scene.registry.requests.filter(({ path }) => path.includes('manifests'));
    expect(manifests.map(({ status }) => status)).toEqual([404, 400, 201]);
    expect(run.stdout.match(/"result": ?"uploaded"/g)).toHaveLength(3);
  },
);
