/** Instances of a stored list that are not in the storage, read from where the list says that they are. */
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { parseImageManifest } from '../../image/manifest.ts';
import type { Signature } from '../../image/signature.ts';
import { isManifestType } from '../../image/media-types.ts';
import { parseJsonObject } from '../../io/bounded-json.ts';
import type { ImageSource, RawManifest, TransportContext } from '../transport.ts';
import { hasBigData, readBigData } from './big-data.ts';
import type { StoredImage } from './image-lookup.ts';

/** The item of a list that says of each instance by its digest where it was added from. */
const INSTANCES_KEY = 'instances.json';

/** References to this storage itself, where the instance was looked for before. */
const STORED = 'containers-storage:';

/** What has been opened elsewhere, and is to be closed in the end. */
export class DistantInstances implements AsyncDisposable {
  readonly #list: StoredImage;
  readonly #context: TransportContext;
  readonly #opened = new Map<string, Promise<ImageSource>>();
  readonly #owners = new Map<Digest, ImageSource>();

  constructor(list: StoredImage, context: TransportContext) {
    this.#list = list;
    this.#context = context;
  }

  /**
   * Undefined where the list does not say where the instance is.
   * @throws OcipushError REFERENCE_INVALID, or of opening and reading what it names
   */
  async manifest(instance: Descriptor): Promise<RawManifest | undefined> {
    const source = await this.#source(instance);
    if (source === undefined) return undefined;
    const top = await source.getManifest();
    // A tag, say, may stand for another image by now, or for a list that this one is in.
    const raw = top.digest === instance.digest ? top : await source.getManifest(instance);
    if (isManifestType(raw.mediaType)) {
      const { config, layers } = parseImageManifest(raw.bytes, raw.mediaType);
      for (const { digest } of [config, ...layers]) this.#owners.set(digest, source);
    }
    return raw;
  }

  async signatures(manifest: RawManifest, instance: Descriptor): Promise<readonly Signature[]> {
    const source = await this.#source(instance);
    if (source === undefined) return [];
    const { digest } = await source.getManifest();
    const part = digest === instance.digest ? undefined : instance;
    return (await source.getSignatures?.(manifest, part)) ?? [];
  }

  /** Where a blob is that one of the manifests names. */
  ownerOf(blob: Digest): ImageSource | undefined {
    return this.#owners.get(blob);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of this.#opened.values()) {
      const source = await opening.catch(() => undefined);
      await source?.[Symbol.asyncDispose]();
    }
  }

  async #source({ digest }: Descriptor): Promise<ImageSource | undefined> {
    if (!hasBigData(this.#list, INSTANCES_KEY)) return undefined;
    const bytes = await readBigData(this.#list, INSTANCES_KEY);
    const place = parseJsonObject(bytes, INSTANCES_KEY)[digest];
    if (typeof place !== 'string' || place.startsWith(STORED)) return undefined;
    const opening = this.#opened.get(place) ?? this.#open(place);
    this.#opened.set(place, opening);
    return opening;
  }

  async #open(place: string): Promise<ImageSource> {
    const { parseSourceReference } = await import('../references.ts');
    return (await parseSourceReference(place)).openSource(this.#context);
  }
}
