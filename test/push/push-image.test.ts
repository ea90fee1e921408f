import { getEventListeners } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { pushImage } from '../../src/push/push-image.ts';
import type { ProgressEvent } from '../../src/push/progress.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { startRegistry } from '../support/registry/registry.ts';
import { temporaryDirectory } from '../support/scratch.ts';

/** An environment in which nothing of the user is found. */
async function surroundings(): Promise<{ directory: string; environment: NodeJS.ProcessEnv }> {
  const directory = await temporaryDirectory();
  return { directory, environment: { HOME: directory, TMPDIR: directory } };
}

describe('pushImage', () => {
  test('pushes as the command does without a flag, and reports', async () => {
    const { directory, environment } = await surroundings();
    const { manifest } = await writeOciLayout(join(directory, 'image'), { layers: [] });
    const events: ProgressEvent[] = [];
    const report = await pushImage({
      image: `oci:${directory}/image`,
      destinations: [`dir:${directory}/a`, `oci:${directory}/b`],
      environment,
      onProgress: (event) => events.push(event),
    });
    const { digest } = manifest.descriptor;
    expect(report).toMatchObject({
      destinations: [
        { reference: `dir:${directory}/a`, status: 'pushed', digest },
        { reference: `oci:${directory}/b`, status: 'pushed', digest },
      ],
      warnings: [],
      retries: [],
    });
    expect(events.map(({ kind }) => kind)).toContain('writing-manifest');
  });

  // Node would keep such a signal, and all that the listener knows, for as long as the process lives.
  test('leaves nobody who listens to a signal of signals', async () => {
    const { directory, environment } = await surroundings();
    await writeOciLayout(join(directory, 'image'), { layers: [await makeLayer({ a: 'b' })] });
    await using registry = await startRegistry();
    const any = vi.spyOn(AbortSignal, 'any');
    onTestFinished(() => any.mockRestore());
    await pushImage({
      image: `oci:${directory}/image`,
      destinations: [`docker://${registry.host}/team/app:1`, `oci:${directory}/b`],
      environment,
      tlsVerify: false,
    });
    const signals = any.mock.results.map(({ value }) => value as AbortSignal);
    expect(signals).not.toEqual([]);
    expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
  });

  test('takes the options that are given', async () => {
    const { directory, environment } = await surroundings();
    await writeOciLayout(join(directory, 'image'), { layers: [] });
    const destinations = [`dir:${directory}/a`];
    const image = `oci:${directory}/image`;
    const report = await pushImage({ image, destinations, environment, dryRun: true });
    expect(report.destinations).toMatchObject([{ status: 'planned' }]);
    await expect(access(join(directory, 'a'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('fails with what went wrong', async () => {
    const { directory, environment } = await surroundings();
    const image = `oci:${directory}/nowhere`;
    const destinations = [`dir:${directory}/a`];
    await expect(pushImage({ image, destinations, environment })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
    await writeOciLayout(join(directory, 'nowhere'), { layers: [] });
    const several = [...destinations, `dir:${directory}/no/where`];
    await expect(pushImage({ image, destinations: several, environment })).rejects.toThrow(
      AggregateError,
    );
    await access(join(directory, 'a', 'manifest.json'));
  });

  test('ends when it is told to', async () => {
    const { directory, environment } = await surroundings();
    await writeOciLayout(join(directory, 'image'), { layers: [] });
    const image = `oci:${directory}/image`;
    const signal = AbortSignal.abort();
    const destinations = [`dir:${directory}/a`];
    await expect(pushImage({ image, destinations, environment, signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
