/** A push through a proxy that breaks every connection after some megabytes still arrives. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { makeHome, type Home } from '../support/ocipush.ts';
import { requirePeers } from '../support/peers.ts';

const GB = 1_000_000_000;
const CUT = 20_000_000;

describe.runIf(requirePeers('docker-registry'))('connections that break every 20 MB', () => {
  let images: Home;

  beforeAll(async () => {
    images = await makeHome();
    await writeOciLayout(join(images.path, 'image'), {
      layers: [await makeLayer({ noise: noise(GB) })],
    });
  });

  afterAll(async () => images[Symbol.asyncDispose]());

  test.each([
    ['as it is', ['--accept-uncompressed']],
    ['compressed on the way', []],
  ])('1 GB goes up %s, and less than a tenth of it twice', async (_, flags) => {
    await using home = await makeHome();
    await using registry = await startDockerRegistry();
    await using proxy = await startCuttingProxy(registry.host, () => ({ fromClient: CUT }));
    const destination = `${proxy.host}/team/app:1`;
    const image = `oci:${join(images.path, 'image')}`;
    const args = ['push', '--tls-verify=false', '--retry=0', ...flags, image, destination];
    const run = await home.run(args);
    expect(run).toMatchObject({ code: 0 });
    expect(proxy.cuts).toBeGreaterThan(0);
    expect(proxy.received).toBeGreaterThan(GB);
    expect(proxy.received).toBeLessThan(1.1 * GB);
  });
});
