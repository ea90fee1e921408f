/** Configs become the bytes that skopeo makes of them, or are refused as there. */
import { describe, expect, test } from 'vitest';
import { toOciConfig } from '../../src/image/convert-config.ts';
import { configConversions, fixture } from './fixture.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });

function convert(config: string): string {
  return Buffer.from(toOciConfig(Buffer.from(config))).toString();
}

const { converted, refused } = configConversions();

describe('toOciConfig', () => {
  test.each(converted)('$of', ({ docker, oci }) => {
    expect(convert(docker)).toBe(oci);
    expect(convert(oci)).toBe(oci);
  });

  test.each(refused)('refuses: $of', ({ docker }) => {
    expect(() => convert(docker)).toThrow(INVALID);
  });

  test.each([
    ['config.json', 'config-from-docker.json'],
    ['config-from-v2s1.json', 'config-oci-from-v2s1.json'],
  ])('%s', (docker, oci) => {
    expect(convert(fixture(docker).toString())).toBe(fixture(oci).toString());
  });

  test.each([
    ['{"os":"linux","os":"linux"}'],
    ['{"os":"linux","OS":"linux"}'],
    ['{"os":null,"o\u017f":"linux"}'],
    ['{"config":{"Env":["A=b"],"env":["A=c"]}}'],
    ['{"rootfs":{"diff_ids":[],"DIFF_IDS":[]}}'],
    ['{"history":[{"created_by":"a","Created_by":"b"}]}'],
  ])('refuses a member that is there twice, unlike Go: %s', (config) => {
    expect(() => convert(config)).toThrow(INVALID);
  });

  test('names that differ in case are two elsewhere', () => {
    const config =
      '{"config":{"Labels":{"b":"1","B":"2"},"Volumes":{"/b":{},"/B":{}}},"x":1,"X":2}';
    expect(JSON.parse(convert(config))).toMatchObject(
      JSON.parse('{"config":{"Labels":{"b":"1","B":"2"},"Volumes":{"/b":{},"/B":{}}}}') as object,
    );
  });

  test.each([['2023-01-01T0:00:00Z'], ['2023-01-01T00:00:00,5Z'], ['2023-01-01T00:00:00+00:60']])(
    'refuses the time %s, which Go mends',
    (created) => {
      expect(() => convert(JSON.stringify({ created }))).toThrow(INVALID);
    },
  );

  test('names the place of a fault', () => {
    expect(() => convert('{"history":[{},{"Created":"x"}]}')).toThrow(
      'parsing image config: history[1].Created: ',
    );
  });

  test('takes as many members as a config may hold', () => {
    const names = Array.from({ length: 150_000 }, (_, index) =>
      index.toString(2).padStart(18, '0').replaceAll('0', 'a').replaceAll('1', 'A'),
    );
    const members = Object.fromEntries(names.map((name) => [name, '']));
    expect(convert(JSON.stringify(members))).toBe(convert('{}'));
  });
});
