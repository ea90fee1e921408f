/** What a processor cannot do changes nothing of what is pushed. */
import { expect, test } from 'vitest';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { openScene } from '../support/scene.ts';

/** As on old processors of x86, for which V8 has no SIMD in WebAssembly. */
const WITHOUT_SIMD = ['sh', '-c', 'node=$1; shift; exec "$node" --no-enable-sse4-1 "$@"', 'sh'];

test('a processor without SIMD writes the same zstd:chunked', async () => {
  const layer = await makeLayer({ 'big.bin': noise(500_000), 'hole.bin': Buffer.alloc(5000) });
  const digests: (string | undefined)[] = [];
  for (const under of [[], WITHOUT_SIMD]) {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers: [layer] });
    const flags = ['--compression-format=zstd:chunked'];
    expect(await scene.push('oci:image', flags, { under })).toMatchObject({ code: 0 });
    digests.push(await scene.digestFile());
  }
  expect(digests[0]).toBeDefined();
  expect(digests[1]).toBe(digests[0]);
});
