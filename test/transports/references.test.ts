import { describe, expect, test } from 'vitest';
import {
  parseDestinationReference,
  parseSourceReference,
} from '../../src/transports/references.ts';

const PREFIXES = [
  'containers-storage',
  'dir',
  'docker',
  'docker-archive',
  'docker-daemon',
  'oci',
  'oci-archive',
];

test.each(
  ['atomic', 'ostree', 'sif', 'tarball'].flatMap((transport) =>
    [`${transport}:a`, `${transport}:/a`].flatMap((text) => [
      [text, parseSourceReference],
      [text, parseDestinationReference],
    ]),
  ) as [string, typeof parseSourceReference | typeof parseDestinationReference][],
)('%s is no image, for that transport is not supported: %o', async (text, parse) => {
  await expect(parse(text)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    origin: 'usage',
    hint: expect.stringContaining('oci-archive'),
  });
});

describe('parseSourceReference', () => {
  test.each([
    ['oci:/a:v1', 'oci'],
    ['oci:a', 'oci'],
    ['oci-archive:a.tar', 'oci-archive'],
    ['dir:a:b', 'dir'],
    ['docker-archive:a.tar:b', 'docker-archive'],
    ['/a', 'path'],
    ['./a', 'path'],
    ['../a', 'path'],
    ['/oci:a', 'path'],
    ['./docker://a', 'path'],
    ['-', 'path'],
  ])('%s is %s', async (text, transport) => {
    const reference = await parseSourceReference(text);
    expect([reference.transport, reference.toString()]).toEqual([transport, text]);
  });

  test.each([
    ['oci:'],
    ['oci::v1'],
    ['oci:a:@x'],
    ['oci:a:b c'],
    ['oci-archive:'],
    ['dir:'],
    ['docker-archive:'],
    [''],
    ['bogus:/a'],
  ])('refuses %j', async (text) => {
    await expect(parseSourceReference(text)).rejects.toMatchObject({
      code: 'REFERENCE_INVALID',
      origin: 'usage',
      hint: expect.any(String),
    });
  });
});

describe('parseDestinationReference', () => {
  test.each([
    ['containers-storage:a', 'containers-storage'],
    ['containers-storage:[overlay@/g+/r]localhost/a:b', 'containers-storage'],
    ['oci:a:b', 'oci'],
    ['dir:a', 'dir'],
  ])('%s is %s', async (text, transport) => {
    const reference = await parseDestinationReference(text);
    expect([reference.transport, reference.toString()]).toEqual([transport, text]);
  });

  test.each([
    ['docker://example.com/a:b', 'docker://example.com/a:b'],
    ['docker://a', 'docker://docker.io/library/a:latest'],
    ['a', 'docker://docker.io/library/a:latest'],
    ['a:b', 'docker://docker.io/library/a:b'],
    ['localhost:5000/a', 'docker://localhost:5000/a:latest'],
    ['ocis:a', 'docker://docker.io/library/ocis:a'], // only whole words are transports
    ['oci-archives/a:b', 'docker://docker.io/oci-archives/a:b'],
    ['oci/a', 'docker://docker.io/oci/a:latest'],
  ])('%s is %s', async (text, full) => {
    const reference = await parseDestinationReference(text);
    expect([reference.transport, reference.toString()]).toEqual(['docker', full]);
  });

  test.each([['docker:a'], ['docker:example.com/a'], ['docker:/a'], ['docker://'], ['docker://A']])(
    'refuses %j',
    async (text) => {
      await expect(parseDestinationReference(text)).rejects.toMatchObject({
        code: 'REFERENCE_INVALID',
        origin: 'usage',
      });
    },
  );

  test.each([[''], ['A'], [' a'], ['a@sha256:00'], ['OCI:a:b'], ['bogus:/a/x'], ['/a'], ['./a']])(
    'refuses %j, and says that and what else can be written',
    async (text) => {
      await expect(parseDestinationReference(text)).rejects.toMatchObject({
        code: 'REFERENCE_INVALID',
        origin: 'usage',
        message: expect.stringMatching(/^parsing image name /),
        hint: expect.any(String),
      });
    },
  );

  test.each(PREFIXES.flatMap((prefix) => [[`${prefix}:`], [`${prefix}:a`], [`${prefix}:a b:c d`]]))(
    '%j is no name on Docker Hub',
    async (text) => {
      const outcome = await parseDestinationReference(text).catch((error: unknown) => error);
      expect(outcome).not.toMatchObject({ transport: 'docker' });
    },
  );
});
