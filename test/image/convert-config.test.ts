/** Configs become the bytes that skopeo makes of them, but for what we keep, or are refused as there. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toOciConfig } from '../../src/image/convert-config.ts';
import { configConversions, fixture } from './fixture.ts';
import { withoutKept } from './skopeo-config.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });

function convert(config: string): string {
  return Buffer.from(toOciConfig(Buffer.from(config))).toString();
}

const { converted, refused } = configConversions();

describe('toOciConfig', () => {
  test.each(converted)('$of', ({ docker, oci }) => {
    const ours = convert(docker);
    expect(withoutKept(ours)).toBe(oci);
    expect(convert(ours)).toBe(ours);
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
    [
      'after all others, in the order of BuildKit',
      '{"Shell":["a"],"OnBuild":["b"],"Healthcheck":{"Test":["NONE"]},"ArgsEscaped":true,"User":"c"}',
      '{"User":"c","ArgsEscaped":true,"Healthcheck":{"Test":["NONE"]},"OnBuild":["b"],"Shell":["a"]}',
    ],
    [
      'by names in any case, however they are spelt',
      '{"HEALTHCHEC\u212a":{"test":["a"]},"onbuild":["b"],"\\u017fhell":["c"]}',
      '{"Healthcheck":{"test":["a"]},"OnBuild":["b"],"Shell":["c"]}',
    ],
    [
      'as they are, but compact and with the escapes of Go',
      '{"Healthcheck": { "Z": 1e3, "A": [ -0, "<\\u0041 b>" ], "9": 12345678901234567890, "1": null } }',
      '{"Healthcheck":{"Z":1e3,"A":[-0,"\\u003c\\u0041 b\\u003e"],"9":12345678901234567890,"1":null}}',
    ],
    [
      'though they are not what they should be',
      '{"Healthcheck":0,"Shell":"a","OnBuild":false}',
      '{"Healthcheck":0,"OnBuild":false,"Shell":"a"}',
    ],
    ['unless null', '{"Healthcheck":null,"OnBuild":null,"Shell":null}', '{}'],
    ['unless empty', '{"Healthcheck":{ },"OnBuild":[\n],"Shell":""}', '{}'],
    ['no others', '{"StopTimeout":5,"Hostname":"a","Image":"b","MacAddress":"c"}', '{}'],
  ])('keeps Healthcheck, OnBuild and Shell %s', (_, docker, oci) => {
    const elsewhere = '"Shell":["x"],"container_config":{"Shell":["y"]}';
    for (const name of ['config', 'Config', 'con\\u0066ig']) {
      expect(convert(`{${elsewhere},"${name}":${docker}}`)).toBe(
        convert('{}').replace('"config":{}', () => `"config":${oci}`),
      );
    }
  });

  test('keeps any value of theirs', () => {
    const value = fc.oneof(fc.array(fc.jsonValue(), { minLength: 1 }), fc.integer());
    const settings = fc.record(
      {
        Shell: value,
        Healthcheck: fc.dictionary(fc.string(), value, { minKeys: 1 }),
        OnBuild: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, fc.option(fc.nat(4)), (config, indent) => {
        const docker = JSON.stringify({ config }, undefined, indent ?? undefined);
        expect(JSON.parse(convert(docker)).config).toEqual(JSON.parse(docker).config);
      }),
    );
  });

  test.each([
    ['{"os":"linux","os":"linux"}'],
    ['{"os":"linux","OS":"linux"}'],
    ['{"os":null,"o\u017f":"linux"}'],
    ['{"config":{"Env":["A=b"],"env":["A=c"]}}'],
    ['{"config":{"Shell":["a"],"shell":["b"]}}'],
    ['{"config":{"Healthcheck":{"Retries":1,"Retries":2}}}'],
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
    const names = Array.from({ length: 90_000 }, (_, index) =>
      index.toString(2).padStart(18, '0').replaceAll('0', 'a').replaceAll('1', 'A'),
    );
    const members = Object.fromEntries(names.map((name) => [name, '']));
    expect(convert(JSON.stringify(members))).toBe(convert('{}'));
  });
});
