/** Names that are taken, and images that are asked for again after they were pushed. */
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import type { ExpectedImage } from '../../src/transports/transport.ts';
import { blobsOf, makeImage, makeIndex, makeLayer } from '../support/make-image.ts';
import { thrownBy } from '../support/thrown.ts';
import { memoryDestination, memorySource, type Journal } from './memory-image.ts';
import { pushAll, pushOne } from './run-push.ts';

const OTHER = digestOf(Buffer.from('another image'));
const NO_OVERWRITE = { options: { noOverwrite: true } };

type Names = ReadonlyMap<string | undefined, Digest>;

/** `gzip`: it is known beforehand what the image will be; `none`: only when all is compressed. */
async function open(
  compression: 'gzip' | 'none',
  namesOf: (own: Digest) => Names = () => new Map(),
) {
  const image = makeImage({ layers: [await makeLayer({ a: '1' })], compression });
  const source = memorySource(blobsOf(image).toReversed());
  const first = memoryDestination();
  const { result } = await pushOne(source, first);
  const journal: Journal = [];
  const tags = new Map<string, Digest>();
  const names = namesOf(result.digest);
  const destination = memoryDestination({ journal, tags, names });
  return { source, destination, journal, tags, digest: result.digest };
}

describe.each(['gzip', 'none'] as const)('where nothing may be overwritten (%s)', (compression) => {
  test('a new name is written', async () => {
    const { source, destination, digest } = await open(compression);
    const { result } = await pushOne(source, destination, NO_OVERWRITE);
    expect([result.status, destination.current]).toEqual(['pushed', digest]);
  });

  test('a name that stands for the image is left alone', async () => {
    const { source, destination, journal } = await open(
      compression,
      (own) => new Map([[undefined, own]]),
    );
    await pushOne(source, destination, NO_OVERWRITE);
    expect(journal).not.toContain('manifest');
  });

  test.each([[undefined], ['latest']])(
    'a name that stands for another is refused: %s',
    async (name) => {
      const { source, destination, journal, tags } = await open(
        compression,
        () => new Map([[name, OTHER]]),
      );
      const options = { noOverwrite: true, tags: ['latest'] };
      const error = await thrownBy(pushOne(source, destination, { options }));
      expect(error).toMatchObject({
        code: 'TAG_EXISTS',
        retryable: false,
        context: { digest: OTHER },
      });
      expect(journal).not.toContain('manifest');
      expect(tags.size).toBe(0);
      // Where it is known beforehand, not even a blob has gone.
      expect(journal.includes('begin')).toBe(compression === 'none');
    },
  );

  test('further tags are set where they are free', async () => {
    const { source, destination, tags, digest } = await open(
      compression,
      (own) => new Map([['there', own]]),
    );
    const options = { noOverwrite: true, tags: ['there', 'free'] };
    await pushOne(source, destination, { options });
    expect(tags).toEqual(new Map([['free', digest]]));
  });

  test('a plan is refused as the push would be', async () => {
    const { source, destination } = await open(compression, () => new Map([[undefined, OTHER]]));
    const options = { noOverwrite: true, dryRun: true };
    const { outcomes } = await pushAll(source, [destination], { options });
    expect(outcomes).toMatchObject([
      compression === 'gzip'
        ? { reason: { code: 'TAG_EXISTS' } }
        : { value: { status: 'planned', digest: undefined } },
    ]);
  });
});

test('otherwise names are overwritten without a question', async () => {
  const { source, destination, digest } = await open('gzip', () => new Map([[undefined, OTHER]]));
  await pushOne(source, destination);
  expect(destination.current).toBe(digest);
});

describe('an image that is to be verified', () => {
  const verifying = (expected: ExpectedImage[]) => ({
    verify: async (_: unknown, what: ExpectedImage) => void expected.push(what),
  });

  test('is asked for when all is written, and also when nothing had to be', async () => {
    const image = makeImage({ layers: [await makeLayer({ a: '1' })], compression: 'gzip' });
    const source = memorySource(blobsOf(image).toReversed());
    const journal: Journal = [];
    const destination = memoryDestination({ journal, tags: new Map(), ...verifying([]) });
    const settings = { options: { verify: true } };
    expect((await pushOne(source, destination, settings)).result.status).toBe('pushed');
    expect(journal.slice(-3)).toEqual(['commit', 'verify', 'close']);
    expect((await pushOne(source, destination, settings)).result.status).toBe('unchanged');
    expect(journal.slice(-3)).toEqual(['current', 'verify', 'close']);
    expect((await pushOne(source, destination)).result.status).toBe('unchanged');
    expect(journal.slice(-2)).toEqual(['current', 'close']);
  });

  test('is pushed again where something of it is missing', async () => {
    const image = makeImage({ layers: [await makeLayer({ a: '1' })], compression: 'gzip' });
    const source = memorySource(blobsOf(image).toReversed());
    const journal: Journal = [];
    const faults = [undefined, new OcipushError('VERIFICATION_FAILED', 'a blob is missing')];
    const verify = async () => {
      const fault = faults.shift();
      if (fault) throw fault;
    };
    const destination = memoryDestination({ journal, verify });
    const settings = { options: { verify: true } };
    await pushOne(source, destination, settings);
    expect((await pushOne(source, destination, settings)).result.status).toBe('pushed');
    expect(journal.filter((event) => event === 'manifest' || event === 'verify')).toEqual([
      'manifest',
      'verify',
      'verify',
      'manifest',
      'verify',
    ]);
  });

  test('need not have instances that were not pushed', async () => {
    const layers = [await makeLayer({ a: '1' })];
    const { index, images } = makeIndex({ images: [{ layers, compression: 'gzip' }] });
    const source = memorySource([index, ...images.flatMap(blobsOf)]);
    const expected: ExpectedImage[] = [];
    for (const expects of ['sparse-list', 'any'] as const) {
      const destination = memoryDestination({ tags: new Map(), ...verifying(expected) });
      await pushOne(source, destination, { options: { verify: true, tags: ['a'], expects } });
    }
    expect(expected).toEqual([
      { tags: ['a'], absent: new Set([images[0]?.manifest.descriptor.digest]) },
      { tags: ['a'], absent: new Set() },
    ]);
  });
});

test.each([
  [{ noOverwrite: true }, '--no-overwrite'],
  [{ verify: true }, '--verify'],
  [{ tags: ['a'] }, '--tag'],
])('a destination that cannot do it refuses %j', async (options, flag) => {
  const { source } = await open('gzip');
  const journal: Journal = [];
  const error = await thrownBy(pushOne(source, memoryDestination({ journal }), { options }));
  expect(error).toMatchObject({
    code: 'UNSUPPORTED',
    hint: expect.stringContaining(flag) as string,
  });
  expect(journal).toEqual(['open', 'close']);
});
