/** Sniffing, in the reference's order, and digests of manifests. */
import { describe, expect, test } from 'vitest';
import { manifestDigest, manifestTypeOf } from '../../src/image/manifest-type.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  DOCKER_V1_SIGNED,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { fixture } from './fixture.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });

describe('manifestTypeOf', () => {
  test.each([
    ['oci.json', OCI_MANIFEST],
    ['oci-source.json', OCI_MANIFEST],
    ['index-source.json', OCI_INDEX],
    ['index-rewritten.json', OCI_INDEX],
    ['docker-v2s2.json', DOCKER_MANIFEST],
    ['docker-list.json', DOCKER_LIST],
    ['docker-v2s1-payload.json', DOCKER_V1],
    ['docker-v2s1-signed.json', DOCKER_V1_SIGNED],
  ])('%s', (name, mediaType) => {
    expect(manifestTypeOf(fixture(name))).toBe(mediaType);
  });

  const configTyped = (mediaType: unknown): object => ({ config: { mediaType } });
  test.each<[object, string]>([
    [{ mediaType: OCI_INDEX, schemaVersion: 1 }, OCI_INDEX], // its own word first
    [{ mediaType: DOCKER_V1, schemaVersion: 1, signatures: null }, DOCKER_V1],
    [{ schemaVersion: 1, signatures: [] }, DOCKER_V1_SIGNED],
    [{ schemaVersion: 2, ...configTyped(OCI_CONFIG), manifests: [{}] }, OCI_MANIFEST],
    [{ schemaVersion: 2, ...configTyped(DOCKER_CONFIG) }, DOCKER_MANIFEST],
    [{ schemaVersion: 2, ...configTyped('a/b') }, OCI_MANIFEST], // artifact
    [{ schemaVersion: 2, ...configTyped(''), manifests: [{}] }, OCI_INDEX],
    [{ schemaVersion: 2, ...configTyped('a/b'), manifests: [{}] }, OCI_MANIFEST],
    [{ schemaVersion: 2, manifests: [] }, OCI_MANIFEST],
    [{ schemaVersion: 2, mediaType: 'a/b', manifests: [{}] }, OCI_INDEX],
  ])('%j', (manifest, mediaType) => {
    expect(manifestTypeOf(Buffer.from(JSON.stringify(manifest)))).toBe(mediaType);
  });

  test.each([['{}'], ['{"schemaVersion":3}'], ['{"schemaVersion":"2"}'], ['[]'], ['x'], ['']])(
    'refuses %j',
    (json) => {
      expect(() => manifestTypeOf(Buffer.from(json))).toThrow(INVALID);
    },
  );
});

describe('manifestDigest', () => {
  test.each([
    ['oci.json', 'sha256:1097a5d2d667f410eb05f4b4199b6453b550e501d049a3dd374e67831739c7ab'],
    ['docker-v2s2.json', 'sha256:49cc06f55985ef6847204cba8234025c3a74b2a4c5fad82c32063237d3bff86d'],
    [
      'docker-v2s1-payload.json',
      'sha256:4f3f10276e80169fd9a9938e2d31968831e3ff3ff2a99f836a14c900a80b5e3a',
    ],
    [
      'docker-v2s1-signed.json',
      'sha256:2392b14910dbe464e7a542027d199225f7edc7745a292dadb740efd656be91ea',
    ],
    [
      'oci-from-docker.json',
      'sha256:26b123fd5ac1d57ff255b59205d7b54969b155bdb435e93c6c05ed2de7635e02',
    ],
    // What is none, and comes of the same image: its configs.
    ['config.json', 'sha256:cbbfa4458f9e814332ee1786699903057569aefab72baa52765e9539933d9aa6'],
    [
      'config-from-docker.json',
      'sha256:ab4386296a8a17b3dab0c30f3f7ff45f992fbf6c53e6654c7c0bada9dbac317a',
    ],
    [
      'config-from-v2s1.json',
      'sha256:009b11b5ec4564ada2eba39169174bf56aad5db28b7db9322eebf77c63ba04e5',
    ],
    [
      'config-oci-from-v2s1.json',
      'sha256:64d60a1d347ba9eb6a9b0bc2394daa8666008af449cf271710b617e9271bb420',
    ],
  ])('%s', (name, digest) => {
    expect(manifestDigest(fixture(name))).toBe(digest);
  });

  test.each([
    [Buffer.alloc(0), 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [Buffer.from('x'), 'sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'],
  ])('%o, which is no manifest', (bytes, digest) => {
    expect(manifestDigest(bytes)).toBe(digest);
  });

  test('in another algorithm', () => {
    expect(manifestDigest(fixture('oci.json'), 'sha512')).toMatch(/^sha512:[0-9a-f]{128}$/);
  });

  test('refuses signatures that do not say what they sign', () => {
    const bytes = Buffer.from('{"schemaVersion":1,"signatures":[]}');
    expect(() => manifestDigest(bytes)).toThrow(INVALID);
  });
});
