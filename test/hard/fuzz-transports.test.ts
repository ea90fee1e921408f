/** What transports read beside images: names, addresses, tables of contents, records. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { digestOf } from '../../src/image/digest.ts';
import { parseManifestJson } from '../../src/image/manifest-json.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  parseLocalName,
  lookUpLocally,
} from '../../src/transports/containers-storage/local-name.ts';
import { parseImages, parseLayers } from '../../src/transports/containers-storage/records.ts';
import { splitSpecifier } from '../../src/transports/containers-storage/specifier.ts';
import {
  lookUpStored,
  parseStoredName,
} from '../../src/transports/containers-storage/stored-name.ts';
import {
  layerMembers,
  parseContents,
  selectItem,
} from '../../src/transports/docker-archive/contents.ts';
import { legacyLayers } from '../../src/transports/docker-archive/legacy-layers.ts';
import { engineAddress } from '../../src/transports/docker-daemon/engine-address.ts';
import { failureIn, messageIn } from '../../src/transports/docker-daemon/engine-error.ts';
import { selectEntry } from '../../src/transports/oci-layout/entry.ts';
import { addEntry, encodeIndex, parseIndex } from '../../src/transports/oci-layout/index-file.ts';
import {
  parseDestinationReference,
  parseSourceReference,
} from '../../src/transports/references.ts';
import { checkLookaside } from '../../src/transports/registry/lookaside.ts';
import { configConversions, fixture } from '../image/fixture.ts';
import { DIGEST, image, imageID, viewOf } from '../transports/containers-storage/lookup.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';
import { texts } from './mutations.ts';

const REFERENCES = [
  'oci:/a/b:name@x',
  'oci-archive:a.tar:@0',
  'dir:/a',
  `docker://localhost:5000/a/b:c@${DIGEST}`,
  'docker-archive:/a.tar:b/c:d',
  `docker-daemon:${DIGEST}`,
  'containers-storage:[overlay@/a+/b:overlay.imagestore=/c]d:e',
  './a.tar',
];

const VIEW = viewOf([
  image('ab', ['docker.io/library/a:1', 'localhost:5000/b/c:latest'], [DIGEST]),
  image('cd', []),
]);
const CONF = {
  unqualifiedSearchRegistries: ['docker.io', 'x.test/y'],
  aliases: new Map([['b', 'x.test/b']]),
};

const DIFF_IDS = ['a', 'b'].map((text) => digestOf(Buffer.from(text)));
const CONTENTS = JSON.stringify([
  { Config: 'c.json', RepoTags: ['a:1', 'b'], Layers: ['1.tar', '2.tar'] },
  { Config: 'd.json', RepoTags: null, Layers: ['1.tar', '1.tar'] },
]);
const IMAGES = JSON.stringify([
  {
    id: imageID('ab'),
    digest: DIGEST,
    names: ['docker.io/library/a:1'],
    layer: 'x',
    metadata: '{}',
    'big-data-names': ['manifest'],
    'big-data-digests': { manifest: DIGEST },
  },
]);
const LAYERS = JSON.stringify([
  { id: 'x', parent: 'y', 'diff-digest': DIGEST, 'diff-size': 7, flags: { incomplete: true } },
]);

const NAMES = [
  ...(
    [
      ['source', parseSourceReference],
      ['destination', parseDestinationReference],
    ] as const
  ).map(([what, parse]) =>
    refusing(what, {
      inputs: texts(REFERENCES),
      read: async (text) => assert.ok((await parse(text)).toString() !== ''),
      refusals: ['REFERENCE_INVALID'],
    }),
  ),
  refusing('name of an image in storage', {
    inputs: texts(['a:1', `b/c@${DIGEST}`, imageID('ab'), 'ab0', 'localhost:5000/b/c', 'b']),
    read: (text) => {
      assert.ok(
        VIEW.stores[0]?.images.includes(
          lookUpLocally(VIEW, parseLocalName(text), CONF).image.record,
        ),
      );
    },
    refusals: ['REFERENCE_INVALID', 'SOURCE_NOT_FOUND'],
  }),
  refusing('name after containers-storage:', {
    inputs: texts([
      '[overlay@/a+/b:x=y]a:1',
      '[/a]b/c',
      `a@${imageID('ab')}`,
      '@ab0',
      `a@${DIGEST}`,
    ]),
    read: (text) => lookUpStored(VIEW, parseStoredName(splitSpecifier(text).rest)),
    refusals: ['REFERENCE_INVALID', 'SOURCE_NOT_FOUND'],
  }),
  refusing('address of an engine', {
    inputs: texts(['unix:///run/x.sock', 'tcp://127.0.0.1:2375', 'https://[::1]:1/x', 'ssh://a']),
    read: async (text) => {
      const { url } = await engineAddress({ DOCKER_HOST: text, DOCKER_CERT_PATH: '/nowhere' });
      assert.match(url.protocol, /^https?:$/);
    },
    refusals: ['CONFIG_INVALID', 'UNSUPPORTED'],
  }),
  refusing('place of signatures', {
    inputs: texts(['file:///tmp/x/y', 'https://a.test/b']),
    read: (base) => checkLookaside(base, 'a/b'),
    refusals: ['CONFIG_INVALID', 'FILE_UNWRITABLE', 'UNSUPPORTED'],
    examples: ['file:///tmp/a%2fb', 'file:///dev/null/x', 'file:///tmp/%00'],
  }),
];

const DOCUMENTS = [
  refusing('manifest.json of docker save', {
    inputs: fc.tuple(json([CONTENTS]), fc.nat(2)),
    read: ([input, index]) => {
      const item = selectItem(parseContents(input), { by: 'index', index });
      assert.equal(layerMembers(item, DIFF_IDS).size, 2);
    },
    refusals: ['ARCHIVE_INVALID', 'SOURCE_NOT_FOUND'],
  }),
  refusing('index.json of a layout', {
    inputs: json([fixture('index-source.json').toString(), '{"schemaVersion":2,"manifests":[]}']),
    read: (input) => {
      const index = parseIndex(input);
      const entry = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 7 };
      const again = parseIndex(encodeIndex(addEntry(index, entry)));
      assert.ok(again.instances.some(({ digest }) => digest === DIGEST));
      selectEntry(index.instances, { by: 'index', index: 1 });
    },
    refusals: ['MANIFEST_INVALID', 'SOURCE_NOT_FOUND'],
  }),
  refusing('images.json of storage', {
    inputs: json([IMAGES]),
    read: (input) => {
      for (const { id } of parseImages(input, 'x')) assert.match(id, /^[A-Za-z0-9][\w.-]*$/);
    },
    refusals: ['JSON_INVALID'],
  }),
  refusing('layers.json of storage', {
    inputs: json([LAYERS]),
    read: (input) => {
      for (const { id } of parseLayers(input, 'x')) assert.match(id, /^[A-Za-z0-9][\w.-]*$/);
    },
    refusals: ['JSON_INVALID'],
  }),
  refusing('config for old Dockers', {
    inputs: json(configConversions().converted.map(({ docker }) => docker)),
    read: (input) => {
      parseManifestJson(input, 'image config');
      for (const { id, json: written } of legacyLayers(DIFF_IDS, input)) {
        const { value } = parseManifestJson(written, 'image');
        assert.equal((value as { id?: unknown }).id, id);
      }
    },
    refusals: ['MANIFEST_INVALID'],
  }),
  refusing('answer of an engine', {
    inputs: json([
      '{"stream":"x"}\n{"errorDetail":{"message":"no room"},"error":"no room"}\n',
      '{"message":"no room"}',
    ]),
    read: (input) => {
      assert.equal(typeof messageIn(input, 500), 'string');
      assert.match(typeof failureIn(input), /^(?:string|undefined)$/);
    },
    refusals: ['JSON_INVALID'],
  }),
];

fuzzAll('transports', [...NAMES, ...DOCUMENTS], { suite: 250, night: 10_000 });
