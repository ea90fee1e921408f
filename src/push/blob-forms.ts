/** Knows in which forms a blob may be at the destination already. */
import type { BlobCandidate, BlobIdentity, RepositoryName } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { CompressionFormat } from '../image/media-types.ts';
import type { ImageDestination, ImageSource } from '../transports/transport.ts';
import type { LayerPlan } from './layers.ts';
import type { PushOptions } from './options.ts';
import type { FinalLayer } from './plan.ts';
import { codecOf } from './codec.ts';
import type { PushSession } from './session.ts';

type Cached = Pick<PushSession, 'cache' | 'seals'>;

/** All forms of a layer that will do, the one that is wanted first. */
export function formsOf(
  session: Cached,
  layer: LayerPlan,
  variants: readonly CompressionFormat[],
): readonly FinalLayer[] {
  const others = variants.flatMap((format) => otherForms(session, layer, format));
  return [...knownForms(session, layer), ...others];
}

/**
 * The form that is wanted, where it is known which one that is: as the source has it, or as it became
 * in an earlier push. A hint, which only the destination can confirm.
 */
export function knownForms(session: Cached, layer: LayerPlan): readonly FinalLayer[] {
  const { descriptor, action, becomes, isEncrypted } = layer;
  if (isEncrypted) {
    // Another push has other keys: only this one knows, when it is repeated, what it has made.
    const made = session.seals?.of(layer).made;
    return made ? [{ ...made, compression: becomes }] : [];
  }
  if (action === 'copy' || action === 'refer') {
    return [{ ...identityOf(descriptor), compression: becomes }];
  }
  const known = session.cache.recoded(descriptor.digest, codecOf(layer));
  return known ? [{ ...known, compression: becomes }] : [];
}

/** Whether a form is known, and no other one will do in its place. */
export function isOnlyForm(form: FinalLayer | undefined, forms: readonly FinalLayer[]): boolean {
  return form !== undefined && forms.every(({ digest }) => digest === form.digest);
}

/** Forms that were made of a layer in other pushes, and the one that it has. */
function otherForms(
  session: Cached,
  { descriptor, action, compression, isEncrypted }: LayerPlan,
  format: CompressionFormat,
): readonly FinalLayer[] {
  if (action === 'copy' || isEncrypted) return [];
  const own = compression === format ? [{ ...identityOf(descriptor), compression }] : [];
  const made = [...session.cache.recodings(descriptor.digest)]
    .filter(([codec]) => codec.split(' ')[0] === format)
    .map(([, produced]) => ({ ...produced, compression: format }));
  return [...own, ...made];
}

interface Placed extends Cached {
  readonly options: Pick<PushOptions, 'mountFrom'>;
  readonly source: Pick<ImageSource, 'repository'>;
  readonly destination: Pick<ImageDestination, 'repository'>;
}

/**
 * Where a blob may be: what the source has is where the source is, other blobs are where earlier
 * pushes left them; and any may be where the user says. In one repository at least, its own.
 */
export function candidatesOf(
  placed: Placed,
  { digest, size }: BlobIdentity,
  atSource: Descriptor,
): readonly BlobCandidate[] {
  const { repository } = placed.destination;
  if (repository === undefined) return [{ digest, size }];
  const known = knownOrigin(placed, repository, digest, atSource);
  const named = placed.options.mountFrom
    .map(({ registry = repository.registry, path }) => ({ registry, path }))
    .filter((other) => other.registry === repository.registry && other.path !== repository.path)
    .filter((other) => other.path !== known?.path);
  const origins = known === undefined ? named : [known, ...named];
  if (origins.length === 0) return [{ digest, size }];
  return origins.map((origin) => ({ digest, size, origin }));
}

/** Undefined when it is not known to be anywhere, or known to be here. */
function knownOrigin(
  { source, cache }: Placed,
  { registry, path }: RepositoryName,
  digest: Digest,
  atSource: Descriptor,
): RepositoryName | undefined {
  if (digest === atSource.digest && source.repository?.registry === registry) {
    return source.repository;
  }
  const known = cache.repositories(registry, digest);
  const [other] = known.includes(path) ? [] : known;
  return other === undefined ? undefined : { registry, path: other };
}

function identityOf({ digest, size }: Descriptor): BlobIdentity {
  return { digest, size };
}
