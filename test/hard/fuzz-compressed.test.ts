/** Compressed streams that are damaged: nobody takes what comes out of them for what went in. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { single, type ByteStream } from '../../src/io/bytes.ts';
import { decompress, decompressAny } from '../../src/transforms/decompress.ts';
import { gunzip } from '../../src/transforms/gunzip.ts';
import { unxz } from '../../src/transforms/unxz.ts';
import { unzstd } from '../../src/transforms/unzstd.ts';
import { bytesOf } from '../support/streams.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { bytes, worn } from './mutations.ts';

const TEXT = Array.from(
  { length: 40 },
  (_, line) => `line ${line} of a text that is compressed\n`,
).join('');

/** The text in formats that have a checksum of it: `bzip2 -1`, `xz`, `zstd --check`. */
const BZIP2 = Buffer.from(
  '425a68313141592653596ded316a0001b35980001040007fe02f67dc403000c302523f554f50ff5443100028d0d00000014aa8c80000643a01468051a8147c028fa051af1b5a659f2e7d34d78497924926f92324926318c631b01466051b65965756e50b76c50ab542aaaaaaaaadacb7028ec0516029d44f827513e89b84cc4d026426c13d89889909809909989f44c44de27113b09f84da13013f8bb9229c284836f698b500',
  'hex',
);
const XZ = Buffer.from(
  'fd377a585a000004e6d6b4460200210116000000742fe5a3e005bd00765d00361a4a1f08a026034d069defed8ca13fc838cf6d852f98f6646980479753b2f36f19c37757e04065169eae66f90755277bbda36780c701cd9c23c174731ae41f3cafdf467e79d59a3cfd1268858985940b373d5a9265932844df7120ecaea197816b70e555f9a4a9f25799b8a60161b78b6df3dc02b000000061b681705208822300019201be0b00006d9c635fb1c467fb020000000004595a',
  'hex',
);
const ZSTD = Buffer.from(
  '28b52ffd0458a50400f2c4101890b73960e5e177574388f2cfcc4c6d6dcda60ccff555e002ffffffbf6ddbb6ddb66ddb454990c3b84b4b0711015bcb0c058202701d9e191cef6047438162414b0705272080334a0f8d246f922525f2926c529217c9921279491629c94bb249495e244bcac95b27c9d249ca39c92b27c9c6494a38c9fb26c9ba49ca3649c0e639248314e44132a4401e9261a49043c632d537588f',
  'hex',
);
const GZIP = gzipSync(TEXT);

/** The header of a stream whose check is SHA-256, which the library does not have. */
const OTHER_XZ = Buffer.concat([XZ.subarray(0, 6), Buffer.from('000ae1fb0ca1', 'hex')]);

/** It may be there several times, where damage has copied all of it. */
function checkText(plain: Buffer): void {
  const times = Math.round(plain.length / TEXT.length);
  assert.ok(plain.equals(Buffer.from(TEXT.repeat(times))));
}

type Refusals = readonly ('ARCHIVE_INVALID' | 'LIMIT_EXCEEDED' | 'UNSUPPORTED')[];

/** A row for streams that are the text or nothing. */
function damaged(
  what: string,
  samples: readonly Uint8Array[],
  read: (stream: ByteStream) => ByteStream,
  refusals: Refusals,
) {
  return refusing(what, {
    inputs: bytes(samples),
    read: async (input) => checkText(await bytesOf(read(single(input)))),
    refusals,
  });
}

const STREAMS = [
  damaged('gzip', [GZIP], gunzip, ['ARCHIVE_INVALID']),
  damaged('zstd', [ZSTD], unzstd, ['ARCHIVE_INVALID', 'LIMIT_EXCEEDED']),
  damaged('xz', [XZ, XZ, XZ, OTHER_XZ], unxz, ['ARCHIVE_INVALID', 'UNSUPPORTED']),
];

const THREADS = [
  refusing('bzip2', {
    // More damage could make a block that never ends, which is ended from outside.
    inputs: worn([BZIP2]),
    read: async (input) => checkText(await bytesOf(decompress(single(input), 'bzip2'))),
    refusals: ['ARCHIVE_INVALID'],
    examples: [BZIP2],
  }),
  refusing('any compression', {
    inputs: worn([GZIP, ZSTD, XZ]),
    read: async (input) => {
      const plain = await bytesOf(decompressAny(single(input)));
      if (!plain.equals(input)) checkText(plain);
    },
    refusals: ['ARCHIVE_INVALID'],
    examples: [GZIP, ZSTD, XZ],
  }),
];

fuzzAll('decompression', STREAMS, { suite: 300, night: 8000 });
fuzzAll('decompression in threads', THREADS, { suite: 12, night: 200 });
