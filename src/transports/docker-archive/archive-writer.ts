/** Writes a `docker save` archive: any number of images, of which each layer stands there once. */
import type { BlobIdentity, BlobUpload, StoredBlob } from '../../image/blob.ts';
import { digestHex, digestOf, type Digest } from '../../image/digest.ts';
import { repositoryOf, type NamedReference } from '../../image/docker-reference.ts';
import { encodeJson, type Json } from '../../image/json-encoder.ts';
import { OcipushError } from '../../errors.ts';
import { single, type ByteStream } from '../../io/bytes.ts';
import { readRange } from '../../io/file-reader.ts';
import { createLimiter } from '../../io/limiter.ts';
import { spool } from '../../io/spool.ts';
import { packTar, type PackedMember } from '../../io/tar-pack.ts';
import { legacyLayers } from './legacy-layers.ts';
import { MemberQueue } from './member-queue.ts';

/** An image whose layers are in the archive. */
export interface WrittenImage {
  readonly config: Uint8Array;
  /** Base first, as they are stored. */
  readonly layers: readonly Digest[];
  readonly tags: readonly NamedReference[];
}

export interface ArchiveWriterOptions {
  /** Takes the whole archive, or an error in place of what is missing of it. */
  readonly write: (archive: ByteStream) => Promise<void>;
  /** Where layers wait whose size is not known beforehand. */
  readonly temporaryDirectory: string;
  readonly signal: AbortSignal;
}

/** An image in `manifest.json`. */
interface Item {
  readonly layers: readonly string[];
  readonly tags: Set<string>;
}

/** Layers come in the order in which {@link putLayer} is called. */
export class ArchiveWriter implements AsyncDisposable {
  readonly #options: ArchiveWriterOptions;
  readonly #queue = new MemberQueue();
  readonly #inOrder = createLimiter(1);
  readonly #layers = new Set<Digest>();
  /** By the name of the config. */
  readonly #items = new Map<string, Item>();
  readonly #legacy = new Set<string>();
  readonly #repositories = new Map<string, Map<string, Json>>();
  #writing: Promise<void> | undefined;

  constructor(options: ArchiveWriterOptions) {
    this.#options = options;
  }

  /** @throws OcipushError of producing the bytes or of writing the archive */
  async putLayer(blob: BlobUpload): Promise<StoredBlob> {
    const { identity } = blob;
    // Spooled while others are written; what fails before its turn is told then.
    const ready = identity === undefined ? this.#spool(blob) : unspooled(blob, identity);
    void Promise.resolve(ready).catch(() => undefined);
    return this.#inOrder(async () => {
      const layer = await ready;
      try {
        return await this.#putOnce(layer);
      } finally {
        await layer.close?.();
      }
    });
  }

  /** Adds an image of these layers, or further tags to one that is there. */
  async putImage({ config, layers, tags }: WrittenImage): Promise<void> {
    const hex = digestHex(digestOf(config));
    if (!this.#items.has(hex)) {
      this.#items.set(hex, { layers: layers.map(layerName), tags: new Set() });
      await this.#put(file(`${hex}.json`, config));
    }
    const legacy = legacyLayers(layers, config);
    for (const { id, layer, json } of legacy) {
      if (this.#legacy.has(id)) continue;
      this.#legacy.add(id);
      await this.#put({ name: `${id}/layer.tar`, target: `../${layerName(layer)}` });
      await this.#put(file(`${id}/VERSION`, Buffer.from('1.0')));
      await this.#put(file(`${id}/json`, json));
    }
    for (const tag of tags) this.#addTag(hex, tag, legacy.at(-1)?.id);
  }

  /** Writes what tells of the images; settles when all of the archive is where it belongs. */
  async finish(): Promise<void> {
    const items = [...this.#items].map(([hex, { layers, tags }]) => ({
      Config: `${hex}.json`,
      RepoTags: [...tags],
      Layers: layers,
    }));
    await this.#put(file('manifest.json', encodeJson(items)));
    await this.#put(file('repositories', encodeJson(this.#repositories)));
    this.#queue.end();
    await this.#writing;
  }

  /** Gives up an archive that is not finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.end(new OcipushError('ABORTED', 'the destination is closed'));
    await Promise.allSettled([this.#writing]);
  }

  #addTag(config: string, name: NamedReference, top: string | undefined): void {
    const [repository, tag = 'latest'] = [repositoryOf(name), name.tag];
    this.#items.get(config)?.tags.add(`${repository}:${tag}`);
    if (top === undefined) return;
    const tags = this.#repositories.get(repository) ?? new Map<string, Json>();
    this.#repositories.set(repository, tags.set(tag, top));
  }

  async #putOnce(layer: ReadyLayer): Promise<StoredBlob> {
    const there = layer.candidates.find(({ digest }) => this.#layers.has(digest));
    if (there !== undefined) return { ...there, how: 'exists' };
    const { digest, size } = layer.identity;
    const content = { size, open: () => layer.open() };
    await this.#put({ name: layerName(digest), mode: 0o444, content });
    this.#layers.add(digest);
    return { digest, size, how: 'uploaded' };
  }

  async #put(member: PackedMember): Promise<void> {
    const { signal, write } = this.#options;
    signal.throwIfAborted();
    this.#writing ??= write(packTar(this.#queue));
    // Nobody may be waiting when it fails; whoever comes next hears of it.
    this.#writing.catch(() => undefined);
    await Promise.race([this.#queue.put(member), this.#writing]);
  }

  async #spool(blob: BlobUpload): Promise<ReadyLayer> {
    const { temporaryDirectory, signal } = this.#options;
    const production = blob.open();
    const { handle, size } = await spool(until(signal, production.stream), temporaryDirectory);
    const identity = production.result();
    return {
      identity,
      candidates: [identity],
      open: () => readRange(handle, { start: 0, end: size }),
      close: () => handle.close(),
    };
  }
}

/** A layer of which everything is known that stands before its bytes. */
interface ReadyLayer {
  readonly identity: BlobIdentity;
  /** Any of these is as good. */
  readonly candidates: readonly BlobIdentity[];
  open(): ByteStream;
  close?(): Promise<void>;
}

/** A layer whose bytes are produced when they are written. */
function unspooled(blob: BlobUpload, identity: BlobIdentity): ReadyLayer {
  const candidates = [...blob.candidates, identity];
  return { identity, candidates, open: () => blob.open().stream };
}

async function* until(signal: AbortSignal, stream: ByteStream): ByteStream {
  for await (const chunk of stream) {
    signal.throwIfAborted();
    yield chunk;
  }
}

function layerName(digest: Digest): string {
  return `${digestHex(digest)}.tar`;
}

function file(name: string, bytes: Uint8Array): PackedMember {
  return { name, mode: 0o444, content: { size: bytes.length, open: () => single(bytes) } };
}
