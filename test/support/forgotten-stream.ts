/** A program that takes the first chunk of an endless compression, says so, and has nothing more to do. */
import { randomBytes } from 'node:crypto';
import { MIB, type ByteStream } from '../../src/io/bytes.ts';
import { zstd } from '../../src/transforms/zstd.ts';

async function* endless(): ByteStream {
  for (;;) yield randomBytes(MIB);
}

const { value } = await zstd(endless(), {})[Symbol.asyncIterator]().next();
process.stdout.write(`${value.length > 0}\n`);
