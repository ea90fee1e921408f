import { describe, expect, test } from 'vitest';
import { parseImageOptions } from '../../../src/cli/options/image.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { hostPlatform } from '../../../src/image/platform.ts';
import { record } from '../recording.ts';

const DIGEST = digestOf(Buffer.from('expected'));
const NOTHING = {
  addCompression: [],
  annotations: {},
  expectDigest: undefined,
  format: undefined,
  platform: hostPlatform(process.platform, process.arch),
  platforms: [],
  preserveDigests: false,
  referrers: 'none',
  removeSignatures: false,
  tags: [],
};

async function parse(...flags: readonly string[]) {
  const { pushes } = await record('push', ...flags, 'a', 'b');
  return pushes.map((invocation) => parseImageOptions(invocation.flags));
}

test.each<[flags: string[], options: object]>([
  [[], {}],
  [['--add-compression', 'zstd'], { addCompression: ['zstd'] }],
  [
    ['--add-compression=zstd,gzip', '--add-compression', 'zstd'],
    { addCompression: ['zstd', 'gzip'] },
  ],
  [['--annotation', 'a=b=c', '--annotation=d='], { annotations: { a: 'b=c', d: '' } }],
  [['--expect-digest', DIGEST], { expectDigest: DIGEST }],
  [['-f', 'oci'], { format: 'oci' }],
  [['--format=v2s1'], { format: 'v2s1' }],
  [['--format=v2s2'], { format: 'v2s2' }],
  [['--format=docker'], { format: 'v2s2' }],
  [
    ['--platform', 'linux/arm64/v8', '--platform=linux/386,windows/amd64'],
    {
      platforms: [
        { os: 'linux', architecture: 'arm64', variant: 'v8' },
        { os: 'linux', architecture: '386' },
        { os: 'windows', architecture: 'amd64' },
      ],
    },
  ],
  [['--preserve-digests'], { preserveDigests: true }],
  [['--referrers', 'all'], { referrers: 'all' }],
  [['--referrers=signatures'], { referrers: 'signatures' }],
  [['--referrers=none'], {}],
  [['--remove-signatures'], { removeSignatures: true }],
  [['--tag', 'b', '--tag=a', '--tag', 'b'], { tags: ['b', 'a'] }],
])('%j', async (flags, options) => {
  expect(await parse(...flags)).toEqual([{ ...NOTHING, ...options }]);
});

describe('refuses', () => {
  test.each([
    [['--add-compression=lz4'], 'cannot find compressor for "lz4"'],
    [['--annotation', 'a'], 'an annotation is NAME=VALUE'],
    [['--annotation', '=b'], 'an annotation is NAME=VALUE'],
    [['--expect-digest=sha256:12'], 'sha256:12'],
    [['--format', 'OCI'], 'unknown format "OCI"'],
    [['--format', 'toString'], 'unknown format "toString"'],
    [['--platform', 'linux'], 'invalid platform "linux"'],
    [['--referrers=some'], '"some" is none of none, signatures, all'],
    [['--tag', 'a b'], 'a tag is at most 128'],
    [['--tag', '.a'], 'a tag is at most 128'],
    [['--tag', 'a/b:c'], 'a tag is at most 128'],
  ])('%j', async (flags, message) => {
    await expect(parse(...flags)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message) as string,
    });
  });
});
