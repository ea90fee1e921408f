/** Platforms as users write them, and the choice of the instance of a list that fits one best. */
import { OcipushError } from '../errors.ts';
import type { Descriptor, Platform } from './descriptor.ts';
import { ZSTD_INSTANCE_ANNOTATION, type ImageList } from './list.ts';
import { OCI_INDEX } from './media-types.ts';

/** Variants from the most capable to the least: each runs what those after it run. */
const VARIANTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['arm', ['v8', 'v7', 'v6', 'v5']],
  ['arm64', ['v8']],
]);

/** What attestations and artifacts have for a system. */
const UNNAMED_OS = ['', 'unknown'];

/** On an attestation: the digest of the instance that it speaks of (BuildKit). */
export const ATTESTED_ANNOTATION = 'vnd.docker.reference.digest';

const DOES_NOT_FIT = Infinity;

/** Containers of these systems run in a Linux machine. */
const LINUX_HOSTS = ['darwin', 'win32'];

/** What Go, and so every image, calls the machines that Node calls otherwise. */
const GO_ARCHITECTURE: Readonly<Record<string, string>> = {
  ia32: '386',
  mipsel: 'mipsle',
  ppc64: 'ppc64le',
  x64: 'amd64',
};

/** The platform whose images a host runs, from Node's `process.platform` and `process.arch`. */
export function hostPlatform(system: string, machine: string): Platform {
  return {
    architecture: GO_ARCHITECTURE[machine] ?? machine,
    os: LINUX_HOSTS.includes(system) ? 'linux' : system,
    ...(machine === 'arm64' && { variant: 'v8' }),
  };
}

/**
 * Parses `OS/ARCH[/VARIANT]`.
 * @throws OcipushError USAGE
 */
export function parsePlatform(text: string): Platform {
  const [os = '', architecture = '', variant, ...rest] = text.split('/');
  if (rest.length > 0 || ![os, architecture, variant ?? 'none'].every(isPlatformPart)) {
    throw new OcipushError('USAGE', `invalid platform ${JSON.stringify(text)}`, {
      hint: 'write OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64/v8',
    });
  }
  return { architecture, os, ...(variant !== undefined && { variant }) };
}

/** `OS/ARCH[/VARIANT]`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}

/**
 * The instance for `wanted` or, failing that, for the most capable variant that still runs there;
 * in an OCI index an instance without a platform comes after all others, and zstd before gzip.
 * Without a variant in `wanted`, instances without one come first, then any known one.
 * @throws OcipushError SOURCE_NOT_FOUND
 */
export function chooseInstance(list: ImageList, wanted: Platform): Descriptor {
  const variants = variantsFor(wanted);
  const [best] = list.instances
    .map((instance) => ({ instance, rank: rankOf(instance, list, wanted, variants) }))
    .filter(({ rank }) => rank < DOES_NOT_FIT)
    .toSorted((left, right) => left.rank - right.rank);
  if (best === undefined) throw noInstance(list, wanted);
  return best.instance;
}

/**
 * The instances for any of the platforms, and the attestations that speak of these. A wanted
 * platform without a variant means all variants.
 * @throws OcipushError SOURCE_NOT_FOUND for a platform that the list does not have
 */
export function chooseInstances(
  list: ImageList,
  platforms: readonly Platform[],
): readonly Descriptor[] {
  for (const wanted of platforms) {
    if (!list.instances.some(({ platform }) => isFor(wanted, platform))) {
      throw noInstance(list, wanted);
    }
  }
  const chosen = list.instances.filter(({ platform }) =>
    platforms.some((wanted) => isFor(wanted, platform)),
  );
  const digests = new Set<string>(chosen.map(({ digest }) => digest));
  return list.instances.filter((instance) => {
    const subject = instance.annotations?.[ATTESTED_ANNOTATION];
    return chosen.includes(instance) || (subject !== undefined && digests.has(subject));
  });
}

/** Whether what is made for `platform` runs where `wanted` is: the same, or a lesser variant. */
export function runsOn(wanted: Platform, platform: Platform): boolean {
  const isSame = platform.os === wanted.os && platform.architecture === wanted.architecture;
  return isSame && variantsFor(wanted).includes(platform.variant ?? '');
}

/** Whether an instance is none that runs: BuildKit puts what it attests into the list so. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return annotations?.[ATTESTED_ANNOTATION] !== undefined || platform?.os === 'unknown';
}

function isFor(wanted: Platform, platform: Platform | undefined): boolean {
  return (
    platform?.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (wanted.variant === undefined || wanted.variant === platform.variant)
  );
}

function variantsFor({ architecture, variant = '' }: Platform): readonly string[] {
  const known = VARIANTS.get(architecture) ?? [];
  if (variant === '') return ['', ...known];
  return known.includes(variant) ? [...known.slice(known.indexOf(variant)), ''] : [variant, ''];
}

/** Lower is better. */
function rankOf(
  { platform, annotations }: Descriptor,
  list: ImageList,
  wanted: Platform,
  variants: readonly string[],
): number {
  const gzip = annotations?.[ZSTD_INSTANCE_ANNOTATION] === 'true' ? 0 : 0.5;
  if (platform === undefined) {
    return list.mediaType === OCI_INDEX ? variants.length + gzip : DOES_NOT_FIT;
  }
  if (!runsOn(wanted, platform)) return DOES_NOT_FIT;
  return variants.indexOf(platform.variant ?? '') + gzip;
}

function noInstance(list: ImageList, wanted: Platform): OcipushError {
  const kind = list.mediaType === OCI_INDEX ? 'image index' : 'manifest list';
  const there = list.instances.flatMap(({ platform }) =>
    platform === undefined || UNNAMED_OS.includes(platform.os) ? [] : [formatPlatform(platform)],
  );
  return new OcipushError(
    'SOURCE_NOT_FOUND',
    `no image found in ${kind} for architecture "${wanted.architecture}", ` +
      `variant "${wanted.variant ?? ''}", OS "${wanted.os}"`,
    {
      origin: 'source',
      hint:
        there.length === 0
          ? 'the list names no platforms'
          : `the list has ${[...new Set(there)].join(', ')}`,
    },
  );
}

function isPlatformPart(part: string): boolean {
  return /^[\w.-]+$/.test(part);
}
