/** Uploads that break are gone on with, and what does not fit into one request goes in several. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestHex, type Digest } from '../../src/image/digest.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import {
  makeImage,
  makeLayer,
  noise,
  writeOciLayout,
  type MadeImage,
} from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { LoggedRequest } from '../support/registry/request-log.ts';
import { openScene, type Scene } from '../support/scene.ts';

const MIB = 1024 * 1024;

let layer: Uint8Array = new Uint8Array();

beforeAll(async () => {
  layer = await makeLayer({ noise: noise(8 * MIB) });
});

/** Known beforehand, it goes in one PUT; compressed on the way, in a PATCH. */
const WAYS = [
  ['known', 'gzip', 'PUT'],
  ['compressed on the way', 'none', 'PATCH'],
] as const;

async function writeImage(scene: Scene, compression: 'none' | 'gzip'): Promise<MadeImage> {
  return writeOciLayout(scene.path('image'), { layers: [layer], compression });
}

function expectArrival({ repository }: Scene, run: Run, image: MadeImage): void {
  expect(run).toMatchObject({ code: 0, stdout: '' });
  expect(pushedImage(repository, '1').diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
}

/** Requests that carried more than a config or a manifest. */
function large({ registry }: Scene): readonly LoggedRequest[] {
  return registry.requests.filter(({ bodyBytes }) => bodyBytes > 10_000);
}

describe.concurrent.each(WAYS)('a blob that is %s', (_, compression, method) => {
  test('goes on where the registry says it broke', async () => {
    const broken = 3 * MIB + 1;
    // The config goes up at the same time, in a PUT, too.
    const [{ descriptor } = { descriptor: undefined }] = makeImage({
      layers: [layer],
      compression,
    }).layers;
    const query = new RegExp(method === 'PUT' ? digestHex(descriptor?.digest as Digest) : '');
    const faults = [{ on: { method, query }, do: { resetAfterBytes: broken } }];
    await using scene = await openScene({ faults, uploads: 'distribution-3.0' });
    const image = await writeImage(scene, compression);
    const run = await scene.push('oci:image');
    expectArrival(scene, run, image);
    expect(scene.registry.unfired()).toEqual([]);
    const [first, second, ...others] = large(scene);
    expect([first?.method, second?.method, others]).toEqual([method, 'PATCH', []]);
    const pushed = Buffer.from(pushedImage(scene.repository, '1').manifest).toString();
    const { layers } = JSON.parse(pushed) as { readonly layers: readonly Descriptor[] };
    expect(second?.bodyBytes).toBe((layers[0]?.size ?? 0) - broken);
    const { digest } = image.layers[0]?.descriptor ?? {};
    expect(run.stderr).toMatch(new RegExp(`Blob ${digest} failed, retrying in .* \\(1/4\\)`));
    expect(run.stderr).toContain(`Resuming the upload of ${digest} at byte ${broken}`);
  });

  test('gets through where every connection breaks, though no session survives it', async () => {
    await using scene = await openScene();
    const image = await writeImage(scene, compression);
    const { registry, home } = scene;
    await using proxy = await startCuttingProxy(registry.host, () => ({ fromClient: 4 * MIB }));
    const args = ['push', '--tls-verify=false', '--retry=0', 'oci:image'];
    expectArrival(scene, await home.run([...args, `${proxy.host}/team/app:1`]), image);
    expect(proxy.cuts).toBeGreaterThan(0);
    // What lay in buffers when the first connections broke makes it lower the size twice.
    expect(proxy.received).toBeLessThan(20 * MIB);
  });

  test('goes in chunks where requests must be small, which is found out once', async () => {
    await using scene = await openScene({ bodyLimit: MIB });
    const layers = [layer, await makeLayer({ noise: noise(3 * MIB, 'other') })];
    const image = await writeOciLayout(scene.path('image'), { layers, compression });
    expectArrival(scene, await scene.push('oci:image', ['--jobs=1']), image);
    const statuses = large(scene).map(({ status }) => status);
    // How often it is refused depends on whether the answers are heard: the server goes away while
    // it is still sent to. The second layer knows.
    expect(statuses).toContain(413);
    expect(statuses.lastIndexOf(413)).toBeLessThan(8);
    expect(statuses.slice(-3)).toEqual([202, 202, 202]);
    expect(scene.registry.openUploads).toEqual([]);
  });

  test('goes in the chunks that are asked for', async () => {
    await using scene = await openScene();
    const image = await writeImage(scene, compression);
    expectArrival(scene, await scene.push('oci:image', ['--chunk-size=3MiB']), image);
    const sent = large(scene);
    expect(sent.map((request) => [request.method, request.bodyBytes])).toEqual([
      ['PATCH', 3 * MIB],
      ['PATCH', 3 * MIB],
      ['PATCH', expect.any(Number)],
    ]);
    const ranges = sent.map(({ headers }) => headers['content-range']);
    expect(ranges.slice(0, 2)).toEqual(
      compression === 'gzip' ? ['0-3145727', '3145728-6291455'] : [undefined, undefined],
    );
  });

  test('gets no smaller chunks than the registry wants', async () => {
    const headers = { 'oci-chunk-min-length': String(5 * MIB) };
    const changeHeaders = (others: object) => ({ ...others, ...headers });
    await using scene = await openScene({
      faults: [{ on: { method: 'POST', times: Infinity }, do: { changeHeaders } }],
    });
    const image = await writeImage(scene, compression);
    expectArrival(scene, await scene.push('oci:image', ['--chunk-size=1MiB']), image);
    expect(large(scene).map(({ bodyBytes }) => bodyBytes)).toEqual([5 * MIB, expect.any(Number)]);
  });
});

test('a rate is kept to over all uploads', async () => {
  await using scene = await openScene();
  const layers = await Promise.all(
    ['a', 'b'].map((seed) => makeLayer({ noise: noise(200_000, seed) })),
  );
  await writeOciLayout(scene.path('image'), { layers });
  const start = performance.now();
  expect(await scene.push('oci:image', ['--limit-rate=200kB/s'])).toMatchObject({ code: 0 });
  // 400 kB, of which the first quarter of a second's may go at once.
  expect(performance.now() - start).toBeGreaterThan(1700);
});

test('registries are told what --user-agent says', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [] });
  await scene.push('oci:image', ['--user-agent=Mozilla/5.0 (me)']);
  const agents = scene.registry.requests.map(({ headers }) => headers['user-agent']);
  expect(new Set(agents)).toEqual(new Set(['Mozilla/5.0 (me)']));
});
