import { describe, expect, test } from 'vitest';
import { parseImages, parseLayers } from '../../../src/transports/containers-storage/records.ts';

const DEEP = `${'['.repeat(9999)}${']'.repeat(9999)}`;

describe.each([
  ['parseImages', parseImages],
  ['parseLayers', parseLayers],
])('%s', (_, parse) => {
  test.each([
    ['no JSON', '['],
    ['no list', '{}'],
    ['a list of texts', '["a"]'],
    ['a record without an ID', '[{}]'],
    ['an ID that leads elsewhere', '[{"id":"../a"}]'],
    ['an ID that is deeper than the stack', `[{"id":${DEEP}}]`],
  ])('refuses %s', (__, text) => {
    expect(() => parse(Buffer.from(text), 'x.json')).toThrow(
      expect.objectContaining({ code: 'JSON_INVALID' }),
    );
  });
});
