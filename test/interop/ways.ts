/** The ways in which an image is brought to a place: by ours in this process, and by skopeo with the flags that mean the same. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ACCEPT_ANYTHING } from '../../src/config/policy.ts';
import { OcipushError, type ErrorCode } from '../../src/errors.ts';
import type { CompressionFormat } from '../../src/image/media-types.ts';
import { NO_CACHE } from '../../src/push/blob-cache.ts';
import type { ImageFormat } from '../../src/push/options.ts';
import { push } from '../../src/push/push.ts';
import {
  parseDestinationReference,
  parseSourceReference,
} from '../../src/transports/references.ts';
import type { DockerRegistry } from '../support/docker-registry.ts';
import { NO_COMPRESSION_WISH, NO_WISHES } from '../support/push-options.ts';
import { registryOptions } from '../support/registry-options.ts';
import { makeContext } from '../support/transport-context.ts';
import type { CorpusEntry } from './corpus.ts';
import {
  filesOfDirectory,
  filesOfLayout,
  filesOfRepository,
  manifestsIn,
  portraitOf,
  type Files,
  type Portrait,
} from './portrait.ts';
import type { StorageHome } from './storage-home.ts';

export interface Way {
  readonly to: keyof typeof PLACES;
  readonly format: ImageFormat | undefined;
  readonly compression: CompressionFormat | undefined;
}

/** What came of a way: an image or list, or the code of a refusal. */
export type Outcome = Portrait | { readonly refused: string };

/** Where both run. */
export interface Surroundings {
  readonly home: StorageHome;
  readonly registry: DockerRegistry;
}

interface Place {
  readonly reference: string;
  readonly files: Files;
}

const PLACES = {
  oci: ({ home }, name) => {
    const path = join(home.path, name);
    return { reference: `oci:${path}:1`, files: filesOfLayout(path) };
  },
  dir: ({ home }, name) => {
    const path = join(home.path, name);
    return { reference: `dir:${path}`, files: filesOfDirectory(path) };
  },
  docker: ({ registry: { host, dataDir } }, name) => ({
    reference: `docker://${host}/${name}:1`,
    files: filesOfRepository(dataDir, name),
  }),
} satisfies Record<string, (surroundings: Surroundings, name: string) => Place>;

/** The formats that they can have; today's registries refuse schema 1. */
const FORMATS: Readonly<Record<Way['to'], readonly Way['format'][]>> = {
  oci: [undefined, 'oci'],
  dir: [undefined, 'oci', 'v2s2', 'v2s1'],
  docker: [undefined, 'oci', 'v2s2'],
};

/** To be had by `--compression-format`. */
const COMPRESSIONS = [undefined, 'gzip', 'zstd', 'zstd:chunked'] as const;

const ALL_WAYS: readonly Way[] = (['oci', 'dir', 'docker'] as const).flatMap((to) =>
  FORMATS[to].flatMap((format) => COMPRESSIONS.map((compression) => ({ to, format, compression }))),
);

/** Where there is no time for all: every format that a manifest can have, and a registry. */
const MOST_WAYS = ALL_WAYS.filter(
  ({ to, format }) => to === 'dir' || (to === 'docker' && format === undefined),
);

/** Of images that are made in many ways not all must go all ways. */
const GO_ALL_WAYS: readonly string[] = [
  'buildah-oci',
  'buildah-oci-plain',
  'buildah-oci-chunked',
  'buildah-docker.dir',
  'buildah-docker-to-oci-zstd',
  'buildah-docker-to-schema1.dir',
  'buildah-untold',
  'podman-built-docker-plain.dir',
  'podman-list',
  'podman-list-docker.dir',
  'podman-list-both',
  'oras-helm',
  'mixed compression',
  'foreign layer',
  'list with attestations',
  'list of nothing',
];

export function waysOf(entry: string): readonly Way[] {
  return GO_ALL_WAYS.includes(entry) ? ALL_WAYS : MOST_WAYS;
}

/** The flags of ours, by which a way is known. */
export function nameOf({ to, format, compression }: Way): string {
  return [
    `${to}:`,
    ...(format ? [`--format=${format}`] : []),
    ...(compression ? [`--compression-format=${compression}`] : []),
  ].join(' ');
}

/** What came of the ways, by their names. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** An image, and what is to become of it. */
export interface Journey {
  readonly entry: CorpusEntry;
  /** That of a directory in the home, and of repositories. */
  readonly name: string;
  readonly ways: readonly Way[];
}

/** Brings an image to a place. @returns the refusal */
type Push = (source: string, destination: string, way: Way) => Promise<string | undefined>;

/** What ours makes of an image; `bring` runs it otherwise than in this process. */
export async function goOurs(
  around: Surroundings,
  { entry, name, ways }: Journey,
  bring: Push = pushHere,
): Promise<Outcomes> {
  await mkdir(join(around.home.path, name), { recursive: true });
  const known = await manifestsIn(entry.files);
  const outcomes = new Map<string, Outcome>();
  for (const [index, way] of ways.entries()) {
    const { reference, files }: Place = PLACES[way.to](around, `${name}/${index}`);
    const refused = await bring(entry.reference, reference, way);
    outcomes.set(nameOf(way), refused ? { refused } : await portraitOf(files, known));
  }
  return outcomes;
}

/** The command itself, of whose refusals nothing is known. */
export function pushByCommand({ home }: Surroundings): Push {
  return async (source, destination, way) => {
    const flags = nameOf(way).split(' ').slice(1);
    const command = ['push', '--quiet', '--tls-verify=false', '--retry=0'];
    const pushing = home.run('ocipush', ...command, ...flags, source, destination);
    return pushing.then(
      () => undefined,
      () => REFUSED_SOMEHOW,
    );
  };
}

export const REFUSED_SOMEHOW = 'somehow';

/** @returns the refusal */
async function pushHere(
  source: string,
  destination: string,
  { format, compression }: Way,
): Promise<string | undefined> {
  const [outcome] = await push({
    source: await parseSourceReference(source),
    destinations: [await parseDestinationReference(destination)],
    options: {
      ...NO_WISHES,
      ...(format && { format }),
      compression: { ...NO_COMPRESSION_WISH, ...(compression && { format: compression }) },
    },
    context: makeContext({
      registry: registryOptions({ tlsVerify: false }),
    }),
    progress: { event: () => undefined },
    cache: NO_CACHE,
    policy: ACCEPT_ANYTHING,
  });
  if (outcome?.status === 'fulfilled') return undefined;
  const reason: unknown = outcome?.reason;
  if (reason instanceof OcipushError) return reason.code;
  throw reason;
}

/** What skopeo makes of the same. All its runs share a mount namespace. */
export async function goTheirs(
  around: Surroundings,
  { entry, name, ways }: Journey,
): Promise<Outcomes> {
  const directory = join(around.home.path, name);
  await mkdir(directory, { recursive: true });
  const known = await manifestsIn(entry.files);
  const places = ways.map(
    (way, index) => [way, PLACES[way.to](around, `${name}/${index}`) as Place] as const,
  );
  const lines = places.map(([way, { reference }]) =>
    [...SKOPEO, ...flagsOf(way), entry.reference, reference, '2>&1; echo'].join(' '),
  );
  const script = join(directory, 'script');
  await writeFile(script, lines.join('\n'));
  const complaints = (await around.home.run('sh', script)).split('\n');
  const outcomes = new Map<string, Outcome>();
  for (const [index, [way, { files }]] of places.entries()) {
    const complaint = complaints[index];
    const refused = complaint ? codeOf(complaint) : undefined;
    outcomes.set(nameOf(way), refused ? { refused } : await portraitOf(files, known));
    // A complaint ends with a line of its own.
    if (complaint) complaints.splice(index + 1, 1);
  }
  return outcomes;
}

const SKOPEO = [
  'skopeo',
  '--insecure-policy',
  'copy',
  '--quiet',
  '--all',
  '--dest-tls-verify=false',
];

/** What ours calls the errors of skopeo. */
const CODES: readonly (readonly [complaint: RegExp, code: ErrorCode])[] = [
  [/which does not support it/, 'UNSUPPORTED'],
  [/is not supported for docker images/, 'UNSUPPORTED'],
  [/Unknown media type during manifest conversion/, 'UNSUPPORTED'],
  [/unsupported image-specific operation on artifact/, 'UNSUPPORTED'],
  [/Unexpectedly received a manifest list/, 'UNSUPPORTED'],
  [/both zstd:chunked and eStargz TOC found/, 'UNSUPPORTED'],
  [/Cannot convert an image with 0 history entries/, 'MANIFEST_INVALID'],
  [/unexpected HTTP status: 500/, 'REGISTRY_STATUS'],
];

function codeOf(complaint: string): string {
  return CODES.find(([text]) => text.test(complaint))?.[1] ?? complaint;
}

/** A typed --compression-format is obeyed by ours wherever it can be; skopeo wants more for `dir:`. */
function flagsOf({ to, format, compression }: Way): readonly string[] {
  const compress = to === 'dir' ? ['--dest-compress'] : [];
  return [
    ...(format ? ['--format', format] : []),
    ...(compression ? ['--dest-compress-format', compression, ...compress] : []),
  ];
}
