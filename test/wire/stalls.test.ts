/** Nothing waits for ever: connections, bytes in either direction, and answers have their limits. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../support/failure.ts';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { makeHome } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { FaultAction, FaultTarget } from '../support/registry/faults.ts';
import { openScene } from '../support/scene.ts';

let layer: Uint8Array = new Uint8Array();

beforeAll(async () => {
  // More than the buffers between two processes hold.
  layer = await makeLayer({ noise: noise(24 * 1024 * 1024) });
});

const HELD = { holdAnswer: new Promise<never>(() => {}) };

/** Requests that come to a halt, once. */
const HALTS: readonly (readonly [what: string, on: FaultTarget, fault: FaultAction])[] = [
  ['no answer to the first question', { method: 'HEAD' }, HELD],
  ['no answer to the start of an upload', { method: 'POST' }, HELD],
  ['a blob that is not taken any more', { method: 'PUT' }, { stallAfterBytes: 1_000_000 }],
  ['no answer to the manifest', { method: 'PUT', path: /manifests/ }, HELD],
];

const FLAGS = ['--stall-timeout=1s', '--accept-uncompressed'];

describe.concurrent('a halt is noticed, and the request repeated', () => {
  test.each(HALTS)('%s', async (_, on, fault) => {
    await using scene = await openScene({ faults: [{ on, do: fault }] });
    await writeOciLayout(scene.path('image'), { layers: [layer] });
    const run = await scene.push('oci:image', FLAGS);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/retrying in .*timeout/);
    expect(scene.registry.unfired()).toEqual([]);
    pushedImage(scene.repository, '1');
  });

  test('an answer that does not come to its end', async () => {
    const faults = [{ on: { method: 'GET', path: /blobs/ }, do: { holdAfterBytes: 10 } }];
    await using scene = await openScene({ faults });
    await writeOciLayout(scene.path('image'), { layers: [layer] });
    await scene.push('oci:image', ['--accept-uncompressed']);
    const args = ['push', '--tls-verify=false', '--stall-timeout=1s', '--retry=0'];
    const run = await scene.home.run([...args, `docker://${scene.destination}`, 'dir:copy']);
    expect(run).toMatchObject({ code: 0 });
    expect(scene.registry.unfired()).toEqual([]);
  });

  test('is told where it stays', async () => {
    const faults = [{ on: { method: 'HEAD', times: Infinity }, do: HELD }];
    await using scene = await openScene({ faults });
    await writeOciLayout(scene.path('image'), { layers: [] });
    const run = await scene.push('oci:image', ['--stall-timeout=100ms']);
    expect(failureOf(run)).toMatchObject({
      code: 125,
      error: expect.stringContaining('timeout awaiting response headers'),
      hint: expect.stringContaining('--stall-timeout'),
    });
  });

  test('a slow source is none', async () => {
    await using scene = await openScene();
    const layers = [await makeLayer({ noise: noise(300_000) })];
    await writeOciLayout(scene.path('image'), { layers });
    // Every 25 kB have to wait for a quarter of a second.
    const run = await scene.push('oci:image', ['--stall-timeout=200ms', '--limit-rate=100kB']);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).not.toContain('retrying');
  });
});

test('a connection that is never made is given up', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  await using home = await makeHome();
  await writeOciLayout(`${home.path}/image`, { layers: [] });
  const args = ['push', '--connect-timeout=100ms', '--retry=0', 'oci:image'];
  const run = await home.run([...args, `127.0.0.1:${port}/team/app:1`]);
  for (const socket of sockets) socket.destroy();
  silent.close();
  expect(failureOf(run)).toMatchObject({
    code: 125,
    error: expect.stringContaining(`dial tcp 127.0.0.1:${port}: i/o timeout`),
    hint: expect.stringContaining('--connect-timeout'),
  });
});
