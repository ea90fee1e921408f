/** What a schedule of faults is played to: images, a registry, and a push in this process. */
import { join } from 'node:path';
import type { Digest } from '../../src/image/digest.ts';
import { ACCEPT_ANYTHING } from '../../src/config/policy.ts';
import { NO_CACHE, type BlobCache } from '../../src/push/blob-cache.ts';
import { push, type PushOutcome } from '../../src/push/push.ts';
import { UploadHosts } from '../../src/registry/upload-host.ts';
import {
  parseDestinationReference,
  parseSourceReference,
} from '../../src/transports/references.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { seedImage } from '../support/image-essence.ts';
import { makeLayer, noise, writeOciIndex, writeOciLayout } from '../support/make-image.ts';
import { NO_WISHES } from '../support/push-options.ts';
import { registryOptions } from '../support/registry-options.ts';
import type { Registry, RegistryOptions } from '../support/registry/registry.ts';
import { PASSWORD, USER } from '../support/secrets.ts';
import { makeContext } from '../support/transport-context.ts';
import { faultsOf, type Scenario, type Schedule } from './schedule.ts';

export const DESTINATION = 'team/app';
/** Where blobs of a second push are, too. */
export const ELSEWHERE = 'team/base';

type ImageName = 'compressed' | 'plain' | 'large' | 'list';

/** Images in a directory, and what their layers must be when they have arrived. */
export interface Sources {
  readonly directory: string;
  /** Of each image, the lowest layer first. */
  readonly diffIDs: Readonly<Record<ImageName, readonly (readonly Digest[])[]>>;
}

const COMPRESSED = { compression: 'gzip' } as const;

export async function writeSources(directory: string): Promise<Sources> {
  const small = await makeLayer({ a: '1' });
  const middle = await makeLayer({ noise: noise(160_000) });
  const large = await makeLayer({ noise: noise(2_500_000) });
  const other = { os: 'linux', architecture: 'arm64' };
  const at = (name: string): string => join(directory, name);
  const layers = [small, middle];
  const compressed = await writeOciLayout(at('compressed'), { layers, ...COMPRESSED });
  const plain = await writeOciLayout(at('plain'), { layers });
  const chunks = await writeOciLayout(at('large'), { layers: [large], ...COMPRESSED });
  const { images } = await writeOciIndex(at('list'), {
    images: [
      { layers, ...COMPRESSED },
      { layers: [middle], ...COMPRESSED, platform: other },
    ],
  });
  const diffIDsOf = (image: typeof plain): readonly Digest[] =>
    image.layers.map(({ diffID }) => diffID);
  return {
    directory,
    diffIDs: {
      compressed: [diffIDsOf(compressed)],
      plain: [diffIDsOf(plain)],
      large: [diffIDsOf(chunks)],
      list: images.map(diffIDsOf),
    },
  };
}

/** The name of the image that a scenario pushes. */
export function imageOf(scenario: Scenario): ImageName {
  if (scenario === 'recompressing push') return 'plain';
  if (scenario === 'upload in chunks') return 'large';
  return scenario === 'list' ? 'list' : 'compressed';
}

/** The layers of each image that a scenario pushes, as they must arrive. */
export function wantedOf(
  { diffIDs }: Pick<Sources, 'diffIDs'>,
  { scenario }: Schedule,
): readonly (readonly Digest[])[] {
  return diffIDs[imageOf(scenario)];
}

/** Bytes; unset where blobs go whole until that turns out not to work. */
function chunkSizeOf(scenario: Scenario): number | undefined {
  return scenario === 'upload in chunks' ? 1024 * 1024 : undefined;
}

/** The registry of a schedule; `other` is the address of another host. */
export function registryOf(plan: Schedule, other: string): RegistryOptions {
  const { uploads, relativeLocations, scenario } = plan;
  const auth = { kind: 'bearer', user: USER, password: PASSWORD } as const;
  return {
    uploads,
    relativeLocations,
    faults: faultsOf(plan, other),
    ...(scenario === 'push with tokens' && { auth }),
  };
}

/** Puts there what a second push finds: an older image, and a layer in another repository. */
export async function prepare({ scenario }: Schedule, registry: Registry): Promise<void> {
  if (scenario !== 'second push') return;
  const layers = [await makeLayer({ a: '1' })];
  seedImage(registry.repository(DESTINATION), { layers, ...COMPRESSED }, '1');
  const middle = [await makeLayer({ noise: noise(160_000) })];
  seedImage(registry.repository(ELSEWHERE), { layers: middle, ...COMPRESSED }, '1');
}

/** Believes that every blob is in either repository. */
const HOPEFUL: BlobCache = { ...NO_CACHE, repositories: () => [ELSEWHERE, DESTINATION] };

/** Milliseconds after which a halt is noticed. */
const STALL_TIMEOUT = 200;

export async function pushOnce(
  { directory }: Sources,
  { scenario, jobs, retry, verify }: Schedule,
  registry: Registry,
): Promise<PushOutcome> {
  const credentials = { kind: 'basic', user: USER, password: PASSWORD } as const;
  const [outcome] = await push({
    source: await parseSourceReference(`oci:${join(directory, imageOf(scenario))}`),
    destinations: [await parseDestinationReference(`docker://${registry.host}/${DESTINATION}:1`)],
    options: { ...NO_WISHES, jobs, retry, verify },
    context: makeContext({
      temporaryDirectory: directory,
      warn: () => undefined,
      registry: registryOptions({
        tlsVerify: false,
        clock: fakeClock(),
        credentialsFor: async () => (scenario === 'push with tokens' ? credentials : undefined),
        hosts: new UploadHosts(chunkSizeOf(scenario)),
        limits: { connectTimeout: 5000, stallTimeout: STALL_TIMEOUT },
      }),
    }),
    progress: { event: () => undefined },
    cache: scenario === 'second push' ? HOPEFUL : NO_CACHE,
    policy: ACCEPT_ANYTHING,
  });
  if (outcome === undefined) throw new Error('nothing was pushed');
  return outcome;
}
