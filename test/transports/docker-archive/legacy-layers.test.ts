import { describe, expect, test } from 'vitest';
import { parseDigest } from '../../../src/image/digest.ts';
import { legacyLayers } from '../../../src/transports/docker-archive/legacy-layers.ts';

const DIFF_IDS = [
  '705bd4eeec02563b417ce8a915350678c71d78e220fe6ef504eba29f96e0626d',
  '02f11e48994b2506310f7c32b68efe26d472678ef67f4be239c7756925823ac1',
  '83cc4995bbf87e87b3a4fbb1a916bd3f2ac78ce487ee3121227b474d026aaf70',
].map((hex) => parseDigest(`sha256:${hex}`));

function layersOf(config: object): readonly (readonly [id: string, json: string])[] {
  return legacyLayers(DIFF_IDS, Buffer.from(JSON.stringify(config))).map(({ id, json }) => [
    id,
    Buffer.from(json).toString(),
  ]);
}

describe('legacyLayers', () => {
  test('are those of the reference', () => {
    const [base, middle, top] = [
      '6beb7dee44a2b89cdb80df4795c11e512ff69d71591ea6c21f2f4688fc0e8d10',
      'e21f58343a1e3e620ecf6cbdd7ecad6b3c6128b5e1a0ce5e1ab56aa4b57fc4d9',
      '83e32c9ee76dfb57be4a73f5ff6761c25bc369396aeb754445912befc5f80f3b',
    ];
    expect(layersOf({ os: 'linux', rootfs: {}, config: {}, architecture: 'amd64' })).toEqual([
      [base, `{"id":"${base}"}`],
      [middle, `{"id":"${middle}","parent":"${base}"}`],
      [
        top,
        '{"architecture":"amd64","config":{},"container":null,"container_config":null,' +
          `"created":null,"docker_version":null,"id":"${top}","os":"linux","parent":"${middle}"}`,
      ],
    ]);
  });

  test('copy from the config what they take', () => {
    const [, , [, json] = []] = layersOf({ config: { b: '<', '1': 1 }, created: 'c', history: [] });
    expect(json).toContain('"config":{"1":1,"b":"\\u003c"},');
    expect(json).toContain('"created":"c"');
    expect(json).not.toContain('history');
  });

  test('are none without layers', () => {
    expect(legacyLayers([], Buffer.from('{}'))).toEqual([]);
  });
});
