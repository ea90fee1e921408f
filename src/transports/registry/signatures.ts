/** Signatures of the images in one repository, wherever the registry and registries.d have them. */
import {
  readRegistriesD,
  signaturePlaces,
  type SignaturePlaces,
} from '../../config/registries-d.ts';
import type { Digest } from '../../image/digest.ts';
import { repositoryOf, type NamedReference } from '../../image/docker-reference.ts';
import {
  decodeSignature,
  encodeSignature,
  type Signature,
  type SignatureFormat,
} from '../../image/signature.ts';
import { OcipushError } from '../../errors.ts';
import type { RegistryClient } from '../../registry/client.ts';
import { nameScopes } from '../policy-scopes.ts';
import type { RawManifest, SignaturePlan, SignatureStore, TransportContext } from '../transport.ts';
import { attachSignatures, readAttachments } from './attachments.ts';
import type { RegistryBundles } from './bundles.ts';
import { checkLookaside, readLookaside, writeLookaside } from './lookaside.ts';
import { extendExtension, hasSignatureExtension, readExtension } from './signature-extension.ts';

export class RegistrySignatures implements SignatureStore {
  readonly place = 'apart';
  readonly formats = ['simple-signing', 'sigstore', 'sigstore-bundle'] as const;
  readonly #name: NamedReference;
  readonly #client: RegistryClient;
  readonly #context: TransportContext;
  #places: Promise<SignaturePlaces> | undefined;
  #bundles: Promise<RegistryBundles> | undefined;

  constructor(name: NamedReference, client: RegistryClient, context: TransportContext) {
    this.#name = name;
    this.#client = client;
    this.#context = context;
  }

  async check(formats: readonly SignatureFormat[]): Promise<void> {
    const { writeTo, usesAttachments } = await this.#findPlaces();
    if (formats.includes('sigstore') && !usesAttachments) throw this.#attachmentsDisabled();
    if (!formats.includes('simple-signing')) return;
    if (!(await hasSignatureExtension(this.#client))) {
      await checkLookaside(writeTo, this.#name.path);
    }
  }

  /**
   * All that come with a manifest.
   * @throws OcipushError of where they are
   */
  async read({ digest }: RawManifest): Promise<readonly Signature[]> {
    const { readFrom, usesAttachments } = await this.#findPlaces();
    const simple = await this.#readSimple(readFrom, digest);
    return usesAttachments ? [...simple, ...(await readAttachments(this.#client, digest))] : simple;
  }

  async existing(
    { digest }: RawManifest,
    formats: readonly SignatureFormat[],
  ): Promise<readonly Signature[]> {
    const { writeTo } = await this.#findPlaces();
    const isWanted = (format: SignatureFormat): boolean => formats.includes(format);
    return [
      ...(isWanted('simple-signing') ? await this.#readSimple(writeTo, digest) : []),
      ...(isWanted('sigstore') ? await readAttachments(this.#client, digest) : []),
      ...(isWanted('sigstore-bundle') ? await (await this.#openBundles()).store.read(digest) : []),
    ];
  }

  async requests(plans: readonly SignaturePlan[]): Promise<number> {
    const [{ signatureRequests }, { isListing }] = await Promise.all([
      import('./signature-requests.ts'),
      this.#openBundles(),
    ]);
    const { storesSignatures } = this.#client;
    return signatureRequests(plans, { storesSignatures, listsReferrers: isListing });
  }

  async put(signatures: readonly Signature[], manifest: RawManifest): Promise<void> {
    const of = (wanted: SignatureFormat): readonly Signature[] =>
      signatures.filter(({ format }) => format === wanted);
    const [simple, attached, bundles] = [
      of('simple-signing'),
      of('sigstore'),
      of('sigstore-bundle'),
    ];
    const { digest } = manifest;
    if (attached.length > 0) await attachSignatures(this.#client, digest, attached);
    if (bundles.length > 0) await (await this.#openBundles()).store.add(bundles, manifest);
    if (simple.length > 0) await this.#putSimple(simple.map(encodeSignature), digest);
  }

  async #putSimple(blobs: readonly Uint8Array[], digest: Digest): Promise<void> {
    const { writeTo: base } = await this.#findPlaces();
    if (this.#client.storesSignatures) await extendExtension(this.#client, digest, blobs);
    else await writeLookaside({ base, path: this.#name.path, digest }, blobs);
  }

  async #readSimple(base: string, digest: Digest): Promise<readonly Signature[]> {
    const blobs = this.#client.storesSignatures
      ? await readExtension(this.#client, digest)
      : await readLookaside({ base, path: this.#name.path, digest }, this.#context);
    return blobs.map(decodeSignature);
  }

  /** Few pushes have to do with bundles. */
  #openBundles(): Promise<RegistryBundles> {
    this.#bundles ??= import('./bundles.ts').then(({ registryBundles }) =>
      registryBundles(this.#client),
    );
    return this.#bundles;
  }

  /** The files are read once, and only for those who have to do with signatures. */
  #findPlaces(): Promise<SignaturePlaces> {
    this.#places ??= readRegistriesD(this.#context).then((config) =>
      signaturePlaces(config, nameScopes(this.#name)),
    );
    return this.#places;
  }

  #attachmentsDisabled(): OcipushError {
    return new OcipushError(
      'UNSUPPORTED',
      'writing sigstore attachments is disabled by configuration',
      {
        origin: 'config',
        hint: `set use-sigstore-attachments: true for ${repositoryOf(this.#name)} in registries.d`,
      },
    );
  }
}
