/** Manifests, lists and configs in every format, whatever is wrong with them. */
import assert from 'node:assert/strict';
import { toOciConfig } from '../../src/image/convert-config.ts';
import { fromSchema1 } from '../../src/image/convert-from-schema1.ts';
import { toSchema1 } from '../../src/image/convert-to-schema1.ts';
import { parseDescriptor } from '../../src/image/descriptor-json.ts';
import { digestOf } from '../../src/image/digest.ts';
import { parseImageConfig } from '../../src/image/image-config.ts';
import { encodeList, parseList } from '../../src/image/list.ts';
import { encodeImageManifest, parseImageManifest } from '../../src/image/manifest.ts';
import { parseManifestJson } from '../../src/image/manifest-json.ts';
import { manifestDigest, manifestTypeOf } from '../../src/image/manifest-type.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { chooseInstance, parsePlatform } from '../../src/image/platform.ts';
import { rawMembers } from '../../src/image/raw-json.ts';
import { addReferrer, referenceOf } from '../../src/image/referrers.ts';
import { encodeSchema1, parseSchema1 } from '../../src/image/schema1.ts';
import { configConversions, fixture, schema1Conversions } from '../image/fixture.ts';
import { dockerImage } from '../image/schema1-image.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';

const DIGEST = digestOf(Buffer.from('content'));

const [OCI = '', V2S2 = '', SIGNED_V1 = '', V1 = '', INDEX = '', LIST = ''] = [
  'oci-source.json',
  'docker-v2s2.json',
  'docker-v2s1-signed.json',
  'docker-v2s1-payload.json',
  'index-source.json',
  'docker-list.json',
].map((name) => fixture(name).toString());

/** With all that a manifest may have. */
const ARTIFACT = JSON.stringify({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  artifactType: 'a/b',
  config: { mediaType: 'a/c', digest: DIGEST, size: 2, data: 'e30=' },
  layers: [{ mediaType: 'a/d', digest: DIGEST, size: 7, urls: ['http://a/'], annotations: {} }],
  subject: { mediaType: OCI_MANIFEST, digest: DIGEST, size: 7 },
  annotations: { a: 'b' },
});
const CONFIGS = configConversions().converted.map(({ docker }) => docker);
const SCHEMA1 = schema1Conversions().fromSchema1.map(({ schema1 }) => schema1);
const TO_SCHEMA1 = schema1Conversions().roundTrips;
const ANY_MANIFEST = [OCI, V2S2, SIGNED_V1, V1, INDEX, LIST, ARTIFACT];

/** No code of the reader's but this one. */
const MANIFEST = ['MANIFEST_INVALID'] as const;

const MANIFESTS = [
  refusing('JSON of a manifest', {
    inputs: json(ANY_MANIFEST),
    read: (input) => {
      const { value } = parseManifestJson(input, 'manifest');
      assert.deepEqual(Object.keys(value as object), [...rawMembers(input.toString()).keys()]);
    },
    refusals: MANIFEST,
  }),
  refusing('manifest of a type that is not told', {
    inputs: json(ANY_MANIFEST),
    read: (input) => {
      assert.match(manifestDigest(input), /^sha256:/);
      manifestTypeOf(input);
    },
    refusals: MANIFEST,
  }),
  refusing('descriptor', {
    inputs: json([JSON.stringify(JSON.parse(ARTIFACT).layers[0]), '{"size":1}']),
    read: (input) => parseDescriptor(parseManifestJson(input, 'descriptor')),
    refusals: MANIFEST,
  }),
  ...(
    [
      ['OCI manifest', OCI_MANIFEST, [OCI, ARTIFACT]],
      ['Docker v2s2 manifest', DOCKER_MANIFEST, [V2S2, OCI]],
    ] as const
  ).map(([what, mediaType, samples]) =>
    refusing(what, {
      inputs: json(samples),
      read: (input) => {
        const manifest = parseImageManifest(input, mediaType);
        const again = encodeImageManifest(manifest);
        assert.deepEqual(encodeImageManifest(parseImageManifest(again, mediaType)), again);
        referenceOf({ bytes: input, mediaType, digest: digestOf(input) });
      },
      refusals: MANIFEST,
    }),
  ),
  ...(
    [
      ['OCI index', OCI_INDEX, [INDEX]],
      ['Docker list', DOCKER_LIST, [LIST]],
    ] as const
  ).map(([what, mediaType, samples]) =>
    refusing(what, {
      inputs: json(samples),
      read: (input) => {
        const list = parseList(input, mediaType);
        const again = encodeList(list);
        assert.deepEqual(encodeList(parseList(again, mediaType)), again);
        assert.ok(list.instances.includes(chooseInstance(list, parsePlatform('linux/amd64'))));
      },
      refusals: ['MANIFEST_INVALID', 'SOURCE_NOT_FOUND'],
    }),
  ),
  refusing('Docker v2s1 manifest', {
    inputs: json([SIGNED_V1, V1, ...SCHEMA1]),
    read: (input) => {
      const { layers, ...rest } = parseSchema1(input);
      const again = encodeSchema1({ layers, ...rest });
      assert.deepEqual(encodeSchema1(parseSchema1(again)), again);
      const filled = layers.filter(({ isEmpty }) => !isEmpty);
      fromSchema1(
        { layers, ...rest },
        filled.map(({ digest }) => ({ digest, size: 7, diffID: digest })),
      );
    },
    refusals: MANIFEST,
  }),
  refusing('list of what refers to an image', {
    inputs: json([INDEX]),
    read: (input) => {
      const entry = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 7 };
      const added = addReferrer(input, entry);
      if (added) assert.equal(addReferrer(added.bytes, entry), undefined);
    },
    refusals: MANIFEST,
  }),
  refusing('image config', {
    inputs: json(CONFIGS),
    read: (input) => {
      parseImageConfig(input);
      parseImageConfig(toOciConfig(input));
    },
    refusals: MANIFEST,
  }),
  refusing('image config on its way to v2s1', {
    inputs: json(TO_SCHEMA1.map(({ docker }) => docker)),
    read: (input) => {
      const made = toSchema1(dockerImage('', TO_SCHEMA1[0]?.layers ?? []), input, undefined);
      assert.equal(manifestTypeOf(encodeSchema1(made)), DOCKER_V1);
    },
    refusals: MANIFEST,
  }),
];

fuzzAll('manifests', MANIFESTS, { suite: 300, night: 8000 });
