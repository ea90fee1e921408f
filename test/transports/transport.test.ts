/** What each transport says of itself as a destination: the engine decides by that alone. */
import { expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  DOCKER_V1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { parseDestinationReference } from '../../src/transports/references.ts';
import type { DestinationCapabilities } from '../../src/transports/transport.ts';
import { registryOptions } from '../support/registry-options.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { makeContext } from '../support/transport-context.ts';
import { makeFakeDelegates } from './containers-storage/fake-delegate.ts';
import { startFakeEngine } from './docker-daemon/fake-engine.ts';

const DIGEST = digestOf(Buffer.from('image'));
const OCI = [OCI_MANIFEST, OCI_INDEX];
/** Who reads schema 1 today reads something newer, too: it comes last. */
const REGISTRY = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST, DOCKER_V1_SIGNED];

interface Traits extends DestinationCapabilities {
  readonly takesSignatures: boolean;
}

const registry = {
  manifestTypes: REGISTRY,
  layerCompression: 'compress',
  acceptsForeignLayers: true,
  takesSignatures: true,
} as const;
const layout = { ...registry, manifestTypes: OCI, takesSignatures: false };
const docker = {
  manifestTypes: [DOCKER_MANIFEST],
  layerCompression: 'decompress',
  acceptsForeignLayers: false,
  takesSignatures: false,
} as const;
const storage = {
  manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST],
  layerCompression: 'preserve',
  acceptsForeignLayers: false,
  unpacksLayers: true,
  takesSignatures: false,
} as const;

test.each<[reference: string, traits: Traits]>([
  ['docker://example.com/a:1', registry],
  [`docker://example.com/a@${DIGEST}`, { ...registry, requiredDigest: DIGEST }],
  ['oci:HERE/layout', layout],
  ['oci-archive:HERE/oci.tar', layout],
  [
    'dir:HERE/dir',
    {
      manifestTypes: [...REGISTRY, DOCKER_V1],
      layerCompression: 'preserve',
      acceptsForeignLayers: false,
      takesSignatures: true,
    },
  ],
  ['docker-archive:HERE/docker.tar', docker],
  ['docker-daemon:a:1', { ...docker, layerCompression: 'preserve' }],
  ['containers-storage:localhost/a:1', storage],
  [`containers-storage:localhost/a@${DIGEST}`, { ...storage, requiredDigest: DIGEST }],
])('%s', async (text, { takesSignatures, ...capabilities }) => {
  const delegates = await makeFakeDelegates();
  await delegates.install('skopeo');
  const engine = await startFakeEngine({});
  const reference = await parseDestinationReference(
    text.replace('HERE', await temporaryDirectory()),
  );
  await using destination = await reference.openDestination(
    makeContext({
      registry: registryOptions(),
      environment: { ...delegates.environment, DOCKER_HOST: engine.host },
      temporaryDirectory: delegates.temporaryDirectory,
    }),
  );
  expect(destination.capabilities).toEqual(capabilities);
  expect(destination.signatures !== undefined).toBe(takesSignatures);
});
