/** The lines of tar-split, to the letter. */
import { expect, test } from 'vitest';
import { MIB } from '../../../src/io/bytes.ts';
import { TarSplitWriter } from '../../../src/transforms/zstd-chunked/tar-split.ts';

function linesOf(write: (writer: TarSplitWriter) => void): readonly string[] {
  const lines: string[] = [];
  const writer = new TarSplitWriter((text) => lines.push(text));
  write(writer);
  writer.finish();
  return lines;
}

test('a segment before each member, then one for it, and numbers for all', () => {
  const lines = linesOf((writer) => {
    writer.raw(Buffer.from('head'));
    writer.raw(Buffer.from('er'));
    writer.begin('d/<a>', 6);
    writer.end(Buffer.from('614c3eeee2d81000', 'hex'));
    writer.raw(Buffer.from('next'));
    writer.begin('empty', 0);
    writer.end();
    writer.tail(Buffer.from('end'));
  });
  expect(lines).toEqual([
    `{"type":2,"payload":"${btoa('header')}","position":0}\n`,
    '{"type":1,"name":"d/\\u003ca\\u003e","size":6,"payload":"YUw+7uLYEAA=","position":1}\n',
    `{"type":2,"payload":"${btoa('next')}","position":2}\n`,
    '{"type":1,"name":"empty","payload":null,"position":3}\n',
    `{"type":2,"payload":"${btoa('end')}","position":4}\n`,
  ]);
});

test('what comes behind the last member has a segment of its own, of a MiB at most', () => {
  const sizes = [512, MIB - 512, 1, MIB];
  const lines = linesOf((writer) => {
    writer.raw(Buffer.alloc(3));
    for (const size of sizes) writer.tail(Buffer.alloc(size));
  });
  const payloads = lines.map((line) => Buffer.from(String(JSON.parse(line).payload), 'base64'));
  expect(payloads.map(({ length }) => length)).toEqual([3, MIB, 1, MIB]);
});

test.each([
  ['a', 'a'],
  ['a/', 'a'],
  ['./a', 'a'],
  ['a', '/a'],
  ['a/../b', 'b'],
  ['../a', 'a'],
])('%s and %s are one name', (first, second) => {
  const both = () =>
    linesOf((writer) => {
      for (const name of [first, second]) {
        writer.begin(name, 0);
        writer.end();
      }
    });
  expect(both).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});
