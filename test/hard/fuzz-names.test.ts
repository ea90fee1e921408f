/** Names, digests and platforms, and what digests are of, whatever is wrong with them. */
import assert from 'node:assert/strict';
import { digestHex, digestOf, parseDigest, verified } from '../../src/image/digest.ts';
import { formatReference, parseDockerReference } from '../../src/image/docker-reference.ts';
import { formatPlatform, parsePlatform } from '../../src/image/platform.ts';
import { decodeSignature, encodeSignature } from '../../src/image/signature.ts';
import { single } from '../../src/io/bytes.ts';
import { bytesOf } from '../support/streams.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { bytes, texts } from './mutations.ts';

const DIGEST = digestOf(Buffer.from('content'));
const NAMES = ['a', 'library/busybox:1', `localhost:5000/a/b_c__d--e.f:V1@${DIGEST}`, 'a.b:1/c/d'];
const SIGNATURES = [
  Buffer.from('\0sigstore-json\n{"mimeType":"a/b","payload":"e30=","annotations":{"a":"b"}}'),
  Buffer.from('\0simple-signing\nanything'),
  Buffer.from([0x88, 1, 2, 3]),
];

const TEXTS = [
  refusing('digest', {
    inputs: texts([DIGEST, `sha512:${'0'.repeat(128)}`, `sha384:${'f'.repeat(96)}`]),
    read: (text) => {
      const digest = parseDigest(text);
      assert.match(digest, /^sha(?:256|384|512):[0-9a-f]+$/);
      assert.ok([32, 48, 64].includes(Buffer.from(digestHex(digest), 'hex').length));
    },
    refusals: ['DIGEST_INVALID'],
  }),
  refusing('name of an image', {
    inputs: texts(NAMES),
    read: (text) => {
      const name = parseDockerReference(text);
      assert.deepEqual(parseDockerReference(formatReference(name)), name);
      assert.match(formatReference(name), /^[\w.:/@-]+$/);
    },
    refusals: ['REFERENCE_INVALID'],
  }),
  refusing('platform', {
    inputs: texts(['linux/amd64', 'linux/arm/v7', 'windows/amd64']),
    read: (text) => {
      assert.equal(formatPlatform(parsePlatform(text)), text);
    },
    refusals: ['USAGE'],
  }),
];

const CONTENTS = [
  refusing('blob of a signature', {
    inputs: bytes(SIGNATURES),
    read: (input) => {
      const signature = decodeSignature(input);
      assert.deepEqual(decodeSignature(encodeSignature(signature)), signature);
    },
    refusals: ['SIGNATURE_INVALID'],
  }),
  refusing('content that its digest is known of', {
    inputs: bytes([Buffer.from('content')]),
    read: async (input) => {
      const passed = await bytesOf(verified(single(input), { digest: DIGEST, size: 7 }));
      assert.equal(passed.toString(), 'content');
    },
    refusals: ['DIGEST_MISMATCH'],
  }),
];

fuzzAll('names and digests', [...TEXTS, ...CONTENTS], { suite: 300, night: 40_000 });
