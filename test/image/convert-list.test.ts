/** Lists change their type and lose what the other type does not have. */
import { describe, expect, test } from 'vitest';
import { toDockerList, toOciIndex } from '../../src/image/convert-list.ts';
import { digestOf } from '../../src/image/digest.ts';
import { encodeList, parseList, type ImageList } from '../../src/image/list.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { fixture } from './fixture.ts';

const PUSHER = { architecture: 'arm64', os: 'linux', variant: 'v8' };
const BLOB = { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from('blob')), size: 4 };
const WHOLE = {
  architecture: 'arm',
  os: 'linux',
  'os.version': '1',
  'os.features': ['f'],
  variant: 'v7',
};

describe('toDockerList', () => {
  test('drops what Docker does not have, and fills in the missing platform', () => {
    const extra = { annotations: { a: 'b' }, data: 'e30=', artifactType: 'a/b' };
    const urls = ['https://e.org/m'];
    const index: ImageList = {
      mediaType: OCI_INDEX,
      instances: [
        { ...BLOB, ...extra, urls, platform: { ...WHOLE, features: ['sse4'] } },
        { ...BLOB, ...extra },
      ],
      subject: BLOB,
      annotations: { k: 'v' },
      artifactType: 'a/b',
    };
    expect(toDockerList(index, PUSHER)).toStrictEqual({
      mediaType: DOCKER_LIST,
      instances: [
        { ...BLOB, urls, platform: WHOLE },
        { ...BLOB, platform: { architecture: 'arm64', os: 'linux' } },
      ],
    });
  });

  test('comes back as it went when nothing was lost', () => {
    const list = parseList(fixture('docker-list.json'), DOCKER_LIST);
    expect(toDockerList(toOciIndex(list), PUSHER)).toStrictEqual(list);
  });
});

describe('toOciIndex', () => {
  test('drops features, and has a platform as empty as the list had', () => {
    const list: ImageList = {
      mediaType: DOCKER_LIST,
      instances: [{ ...BLOB, platform: { ...WHOLE, features: ['sse4'] } }, BLOB],
    };
    expect(toOciIndex(list)).toStrictEqual({
      mediaType: OCI_INDEX,
      instances: [
        { ...BLOB, platform: WHOLE },
        { ...BLOB, platform: { architecture: '', os: '' } },
      ],
    });
  });

  test('is written as an index', () => {
    const list = parseList(fixture('docker-list.json'), DOCKER_LIST);
    const written = Buffer.from(encodeList(toOciIndex(list))).toString();
    expect(written).toMatch(
      /^\{"schemaVersion":2,"mediaType":"application\/vnd\.oci\.image\.index\.v1\+json","manifests":/,
    );
    expect(parseList(Buffer.from(written), OCI_INDEX)).toStrictEqual(toOciIndex(list));
  });
});
