/** An image source and destinations in memory, which write down what is done with them. */
import type { PolicyIdentity } from '../../src/config/policy.ts';
import type { BlobUpload, RepositoryName, StoredBlob } from '../../src/image/blob.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestMismatch, digestOf, type Digest } from '../../src/image/digest.ts';
import type { NamedReference } from '../../src/image/docker-reference.ts';
import { manifestDigest } from '../../src/image/manifest-type.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { OcipushError } from '../../src/errors.ts';
import { slice, type ByteStream } from '../../src/io/bytes.ts';
import { encodeSignature, type Signature } from '../../src/image/signature.ts';
import type {
  AnnouncedBlobs,
  DestinationCapabilities,
  DestinationReference,
  ImageDestination,
  ImageSource,
  RawManifest,
  Referrer,
  SignatureStore,
  SourceReference,
  TransportContext,
} from '../../src/transports/transport.ts';
import type { MadeBlob } from '../support/make-image.ts';

/** What happens, in order; blobs by the name they were given. */
export type Journal = string[];

export interface MemorySource extends SourceReference {
  /** How often each blob was read from its start to beyond its first bytes. */
  readonly reads: ReadonlyMap<Digest, number>;
  readonly isOpen: () => boolean;
}

interface SourceParts {
  /** Whether the image itself (no digest) or an instance has a signature. */
  readonly signed?: (instance: Digest | undefined) => boolean;
  /** Never judged unless told. */
  readonly policyIdentity?: PolicyIdentity | undefined;
  /** What refers to a manifest; without it there is no place for such. */
  readonly referrers?: (digest: Digest) => readonly Referrer[];
  /** What stands in place of the content that a digest promises. */
  readonly damaged?: ReadonlyMap<Digest, Uint8Array>;
}

/** A source of all these blobs, of which the first is the image or list. */
export function memorySource(blobs: readonly MadeBlob[], parts: SourceParts = {}): MemorySource {
  const [top] = blobs;
  const content = new Map(blobs.map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
  const reads = new Map<Digest, number>();
  let isOpen = false;
  const bytesOf = (digest: Digest | undefined): Uint8Array => {
    const bytes = digest && (parts.damaged?.get(digest) ?? content.get(digest));
    if (!isOpen || bytes === undefined) throw new OcipushError('BLOB_UNKNOWN', `no ${digest}`);
    return bytes;
  };
  async function* readBlob(digest: Digest): ByteStream {
    const bytes = bytesOf(digest);
    for (let position = 0; position < bytes.length; position += 4000) {
      if (position === 0) reads.set(digest, (reads.get(digest) ?? 0) + 1);
      yield bytes.slice(position, position + 4000);
    }
  }
  const source: ImageSource = {
    reference: { transport: 'memory', toString: () => 'memory:source' },
    policyIdentity: parts.policyIdentity,
    getManifest: async (instance) => {
      const { digest, mediaType } = instance ?? top?.descriptor ?? fail();
      const bytes = bytesOf(digest);
      if (instance && digestOf(bytes) !== digest) throw digestMismatch(digest, digestOf(bytes));
      return { bytes, mediaType, digest: manifestDigest(bytes) };
    },
    getBlob: (descriptor, range) => {
      if (range === undefined) return readBlob(descriptor.digest);
      return slice(once(bytesOf(descriptor.digest)), range);
    },
    ...(parts.signed && {
      getSignatures: async (_manifest: RawManifest, instance?: Descriptor) =>
        parts.signed?.(instance?.digest)
          ? [signatureSaying(`signature of ${instance?.digest}`)]
          : [],
    }),
    ...(parts.referrers && {
      getReferrers: async (digest: Digest) => parts.referrers?.(digest) ?? [],
    }),
    [Symbol.asyncDispose]: async () => {
      isOpen = false;
    },
  };
  return {
    ...source.reference,
    reads,
    isOpen: () => isOpen,
    openSource: async () => {
      isOpen = true;
      return source;
    },
  };
}

/** No signature of anything, but told from others by its text. */
export function signatureSaying(text: string): Signature {
  return { format: 'simple-signing', bytes: Buffer.from(text) };
}

async function* once(bytes: Uint8Array): ByteStream {
  yield bytes;
}

function fail(): never {
  throw new TypeError('an image without anything');
}

export const REGISTRY_LIKE: DestinationCapabilities = {
  manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST],
  layerCompression: 'compress',
  acceptsForeignLayers: true,
};

export interface MemoryDestination extends DestinationReference {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly manifests: Map<Digest, RawManifest>;
  /** What the name of the image stands for. */
  current: Digest | undefined;
  readonly isOpen: () => boolean;
}

interface DestinationParts {
  readonly name?: string;
  readonly dockerReference?: NamedReference;
  /** Where it is at a registry; no registry without it. */
  readonly repository?: RepositoryName;
  readonly capabilities?: Partial<DestinationCapabilities>;
  readonly journal?: Journal;
  /** Takes signatures, by the digest of the instance, or `image`; without it there is no place for them. */
  readonly signatures?: Map<string, readonly string[]>;
  /** How they are stored otherwise than in the image. */
  readonly signatureStore?: Partial<SignatureStore>;
  /** Takes further tags; without it there is no place for them. */
  readonly tags?: Map<string, Digest>;
  /** What all names stand for, further tags by their name; without it nobody can say. */
  readonly names?: ReadonlyMap<string | undefined, Digest>;
  /** Takes down what is announced. */
  readonly announced?: AnnouncedBlobs[];
  /** Called to verify an image; without it that cannot be done. */
  readonly verify?: ImageDestination['verify'];
  /** Takes what refers to a manifest, by its tag or digest; without it there is no place for such. */
  readonly referrers?: Map<string, RawManifest>;
  /** Called with a blob before it is stored. */
  readonly begin?: (upload: BlobUpload) => Promise<void>;
  /** Called before a blob, a manifest (`manifest`) or the end (`commit`) is dealt with; may throw. */
  readonly before?: (
    what: Digest | 'manifest' | 'commit',
    signal: AbortSignal,
    manifest?: RawManifest,
  ) => unknown;
}

export function memoryDestination(parts: DestinationParts = {}): MemoryDestination {
  const { journal = [], before } = parts;
  const reference = {
    transport: 'memory',
    toString: () => `memory:${parts.name ?? 'destination'}`,
    ...(parts.dockerReference && { dockerReference: parts.dockerReference }),
  };
  const blobs = new Map<Digest, Uint8Array>();
  const manifests = new Map<Digest, RawManifest>();
  let open = 0;
  const memory: MemoryDestination = {
    ...reference,
    blobs,
    manifests,
    current: undefined,
    isOpen: () => open > 0,
    openDestination: async (context) => {
      open += 1;
      journal.push('open');
      return destinationIn(context);
    },
  };
  const destinationIn = ({ signal }: TransportContext): ImageDestination => ({
    reference,
    capabilities: { ...REGISTRY_LIKE, ...parts.capabilities },
    ...(parts.repository && { repository: parts.repository }),
    currentDigest: async () => {
      journal.push('current');
      return memory.current;
    },
    previewBlob: async ({ candidates }) => {
      const isThere = candidates.some(({ digest }) => blobs.has(digest));
      return { how: isThere ? 'exists' : 'uploaded', requests: isThere ? 1 : 3 };
    },
    begin: async () => {
      journal.push('begin');
    },
    putBlob: async (upload): Promise<StoredBlob> => {
      await before?.(
        (upload.identity ?? upload.candidates[0])?.digest ?? ('sha256:' as Digest),
        signal,
      );
      const present = upload.candidates.find(({ digest }) => blobs.has(digest));
      if (present) return { digest: present.digest, size: present.size, how: 'exists' };
      await parts.begin?.(upload);
      const { stream, result } = upload.open();
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(new Uint8Array(chunk));
      const { digest, size } = result();
      blobs.set(digest, Buffer.concat(chunks));
      return { digest, size, how: 'uploaded' };
    },
    putManifest: async (manifest, instance) => {
      journal.push(instance === undefined ? 'manifest' : 'instance');
      await before?.('manifest', signal, manifest);
      manifests.set(manifest.digest, manifest);
      if (instance === undefined) memory.current = manifest.digest;
    },
    ...(parts.names && { digestOf: async (tag?: string) => parts.names?.get(tag) }),
    announce: (announced) => parts.announced?.push(announced),
    ...(parts.verify && {
      verify: async (...of: Parameters<NonNullable<ImageDestination['verify']>>) => {
        journal.push('verify');
        await parts.verify?.(...of);
      },
    }),
    ...(parts.signatures && {
      signatures: {
        place: 'in-image',
        formats: ['simple-signing', 'sigstore'],
        check: async () => undefined,
        existing: async () => [],
        put: async (signatures: readonly Signature[], _: RawManifest, instance?: Digest) => {
          const written = signatures.map((signature) => String(encodeSignature(signature)));
          journal.push('signatures');
          parts.signatures?.set(instance ?? 'image', written);
        },
        ...parts.signatureStore,
      },
    }),
    ...(parts.tags && {
      putTag: async ({ digest }: RawManifest, tag: string) => {
        parts.tags?.set(tag, digest);
      },
    }),
    ...(parts.referrers && {
      putReferrer: async (manifest: RawManifest, tag: string | undefined) => {
        journal.push('referrer');
        parts.referrers?.set(tag ?? manifest.digest, manifest);
      },
    }),
    commit: async () => {
      journal.push('commit');
      await before?.('commit', signal);
    },
    [Symbol.asyncDispose]: async () => {
      open -= 1;
      journal.push('close');
    },
  });
  return memory;
}
