/** Knows in which forms a blob may be at the destination already. */
import type { BlobCandidate, BlobIdentity } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { CompressionFormat } from '../image/media-types.ts';
import type { ImageDestination, ImageSource } from '../transports/transport.ts';
import type { LayerPlan } from './layers.ts';
import type { FinalLayer } from './plan.ts';
import { codecOf } from './production.ts';
import type { PushSession } from './session.ts';

type Cached = Pick<PushSession, 'cache'>;

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
  const { descriptor, action, becomes } = layer;
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
  { descriptor, action, compression }: LayerPlan,
  format: CompressionFormat,
): readonly FinalLayer[] {
  if (action === 'copy') return [];
  const own = compression === format ? [{ ...identityOf(descriptor), compression }] : [];
  const made = [...session.cache.recodings(descriptor.digest)]
    .filter(([codec]) => codec.split(' ')[0] === format)
    .map(([, produced]) => ({ ...produced, compression: format }));
  return [...own, ...made];
}

interface Placed extends Cached {
  readonly source: Pick<ImageSource, 'repository'>;
  readonly destination: Pick<ImageDestination, 'repository'>;
}

/** What the source has is where the source is; other blobs are where earlier pushes left them. */
export function candidateOf(
  { source, destination, cache }: Placed,
  { digest, size }: BlobIdentity,
  origin: Descriptor,
): BlobCandidate {
  const { registry, path } = destination.repository ?? {};
  if (registry === undefined || path === undefined) return { digest, size };
  if (digest === origin.digest && source.repository?.registry === registry) {
    return { digest, size, origin: source.repository };
  }
  const known = cache.repositories(registry, digest);
  const [other] = known.includes(path) ? [] : known;
  return { digest, size, ...(other !== undefined && { origin: { registry, path: other } }) };
}

function identityOf({ digest, size }: Descriptor): BlobIdentity {
  return { digest, size };
}
