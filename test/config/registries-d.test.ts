import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  readRegistriesD,
  signaturePlaces,
  type RegistriesD,
  type RegistriesDPlaces,
} from '../../src/config/registries-d.ts';
import { warnNobody } from '../../src/config/warn.ts';
import { thrownBy } from '../support/thrown.ts';
import { temporaryDirectory, writeFiles } from './places.ts';

type Files = Readonly<Record<string, string>>;

const USER = 'home/.config/containers/registries.d';
const SCOPES = [
  'r.example:5/a/b:1',
  'r.example:5/a/b',
  'r.example:5/a',
  'r.example:5',
  '*.example',
];
const NOTHING = 'file:///var/lib/containers/sigstore';

async function read(files: Files, places: Partial<RegistriesDPlaces> = {}): Promise<RegistriesD> {
  const root = await temporaryDirectory();
  await writeFiles(root, files);
  const environment = { HOME: join(root, 'home') };
  return readRegistriesD({
    environment,
    systemDirectory: join(root, 'etc'),
    uid: 0,
    warn: warnNobody,
    ...places,
  });
}

async function placesIn(yaml: string) {
  return signaturePlaces(await read({ 'etc/a.yaml': yaml }), SCOPES);
}

describe('where signatures are', () => {
  test.each<[yaml: string, readFrom: string, writeTo: string]>([
    ['', NOTHING, NOTHING],
    ['default-docker:', NOTHING, NOTHING],
    ['default-docker: {lookaside: "file:///d"}', 'file:///d', 'file:///d'],
    ['docker: {r.example:5: {lookaside: "file:///r"}}', 'file:///r', 'file:///r'],
    ['docker: {r.example: {lookaside: "file:///r"}}', NOTHING, NOTHING], // another port
    ['docker: {r.example:5/a/b:1: {lookaside: "file:///r"}}', 'file:///r', 'file:///r'],
    ['docker: {"*.example": {lookaside: "file:///r"}}', 'file:///r', 'file:///r'],
    ['docker: {r.example:5: {sigstore: "file:///r"}}', 'file:///r', 'file:///r'],
    ['docker: {r.example:5: {lookaside-staging: "file:///r"}}', NOTHING, 'file:///r'],
    ['docker: {r.example:5: {sigstore-staging: "file:///r"}}', NOTHING, 'file:///r'],
    [
      'docker: {r.example:5: {lookaside: "http://l", sigstore: "http://s", lookaside-staging: "file:///w", sigstore-staging: "file:///x"}}',
      'http://l',
      'file:///w',
    ],
    [
      'docker: {r.example:5/a: {lookaside: "file:///a"}, r.example:5: {lookaside: "file:///r"}}',
      'file:///a',
      'file:///a',
    ],
    // The more special section has no staging, but it has a place to write to.
    [
      'docker: {r.example:5/a: {lookaside: "file:///a"}, r.example:5: {lookaside-staging: "file:///r"}}',
      'file:///a',
      'file:///a',
    ],
    [
      'docker: {r.example:5/a: {lookaside-staging: "file:///a"}, r.example:5: {lookaside: "file:///r"}}',
      'file:///r',
      'file:///a',
    ],
    [
      'default-docker: {lookaside: "file:///d"}\ndocker: {r.example:5: {use-sigstore-attachments: true}}',
      'file:///d',
      'file:///d',
    ],
    ['unknown: 1\ndocker: {r.example:5: {unknown: 2}}', NOTHING, NOTHING],
    ['docker: {r.example:5: {lookaside: ""}}', NOTHING, NOTHING],
    ['docker: {r.example:5: }', NOTHING, NOTHING],
  ])('%s', async (yaml, readFrom, writeTo) => {
    expect(await placesIn(yaml)).toMatchObject({ readFrom, writeTo });
  });

  test.each<[uid: number, said: string | undefined, fallback: string]>([
    [0, undefined, NOTHING],
    [1000, undefined, 'file:///h%20o/.local/share/containers/sigstore'],
    [0, '1000', 'file:///h%20o/.local/share/containers/sigstore'], // in rootless podman
    [1000, '0', NOTHING],
    [1000, 'x', 'file:///h%20o/.local/share/containers/sigstore'],
  ])('of user %d, said to be %s', async (uid, said, fallback) => {
    const environment = { HOME: '/h o', ...(said && { _CONTAINERS_ROOTLESS_UID: said }) };
    const config = await read({}, { uid, environment });
    expect(signaturePlaces(config, SCOPES).writeTo).toBe(fallback);
  });
});

describe('whether attachments are used', () => {
  test.each<[value: string, usesAttachments: boolean]>([
    ['true', true],
    ['yes', true],
    ['"on"', true],
    ['Y', true],
    ['false', false],
    ['no', false],
    ['"OFF"', false],
    ['', false],
  ])('%s', async (value, usesAttachments) => {
    const yaml = `docker:\n  r.example:5:\n    use-sigstore-attachments: ${value}\n`;
    expect(await placesIn(yaml)).toMatchObject({ usesAttachments });
  });

  test('is said by the most special section that says anything', async () => {
    const yaml =
      'docker: {r.example:5/a: {use-sigstore-attachments: false}, r.example:5: {use-sigstore-attachments: true}}';
    expect(await placesIn(yaml)).toMatchObject({ usesAttachments: false });
  });
});

describe('the files', () => {
  const naming = (place: string): string =>
    `docker: {r.example:5: {lookaside: "file:///${place}"}}`;

  test.each<[Files, writeTo: string]>([
    [{ 'etc/a.yaml': naming('a'), 'etc/b.yml': naming('b'), 'etc/c.conf': '{' }, 'file:///a'],
    [{ 'etc/a.yaml': naming('a'), [`${USER}/b.yaml`]: naming('b') }, 'file:///b'],
    [{ 'etc/a.yaml': naming('a'), [`${USER}/b.txt`]: '' }, NOTHING], // the user's own, and empty
    [{ 'etc/a.yaml': '', 'etc/b.yaml': naming('b') }, 'file:///b'],
  ])('%j', async (files, writeTo) => {
    expect(signaturePlaces(await read(files), SCOPES)).toMatchObject({ writeTo });
  });

  test.each<[Files, message: string]>([
    [
      { 'etc/a.yaml': naming('a'), 'etc/b.yaml': naming('b') },
      '"docker" namespace "r.example:5" defined both in',
    ],
    [
      { 'etc/a.yaml': 'default-docker: {}', 'etc/b.yaml': 'default-docker: {}' },
      '"default-docker" defined both in',
    ],
    [{ 'etc/a.yaml': '{' }, 'a.yaml: '],
    [{ 'etc/a.yaml': '- a' }, 'expected keys and values instead of an array'],
    [{ 'etc/a.yaml': 'docker: 1' }, 'expected keys and values instead of a number'],
    [{ 'etc/a.yaml': 'docker: &a [*a]' }, 'expected keys and values instead of an array'],
    [{ 'etc/a.yaml': 'docker: {a: {lookaside: 1}}' }, 'lookaside: expected a URL'],
    [{ 'etc/a.yaml': 'docker: {a: {use-sigstore-attachments: 2}}' }, 'expected true or false'],
    [{ 'etc/a.yaml': 'docker: {a: {}, a: {}}' }, 'unique'],
    [{ 'etc/a.yaml/b': '' }, 'is a directory'],
  ])('cannot be %j', async (files, message) => {
    expect(await thrownBy(read(files))).toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      message: expect.stringContaining(message) as string,
    });
  });
});
