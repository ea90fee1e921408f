/** What a manifest must be before the registry takes it: the checks of docker distribution 2.8. */
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  isListType,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../src/image/media-types.ts';
import type { RegistryError } from './answer.ts';
import { asDigest } from './exchange.ts';
import type { Repository } from './repository.ts';

export interface ManifestRules {
  /** Layers with `urls` need no blob here; the real registry refuses them unless configured. */
  readonly foreignLayers: boolean;
}

interface Reference {
  readonly digest: string;
  readonly urls: readonly unknown[];
}

const INVALID: readonly RegistryError[] = [{ code: 'MANIFEST_INVALID', detail: {} }];
const KNOWN_TYPES: readonly string[] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

/** The media type in a header value, without parameters. */
export function typeOf(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim() ?? '';
}

/** Why a manifest cannot be stored; empty when it can. Schema 1 is not taken at all. */
export function checkManifest(
  bytes: Uint8Array,
  mediaType: string,
  repository: Repository,
  rules: ManifestRules,
): readonly RegistryError[] {
  const document = parseObject(bytes);
  if (document === undefined || !isWellFormed(document, mediaType)) return INVALID;
  if (document['schemaVersion'] !== 2) return [{ code: 'UNKNOWN', detail: {} }];
  if (isListType(mediaType)) {
    return referencesIn(document['manifests'])
      .filter(({ digest }) => !repository.manifests.has(digest))
      .map(({ digest }) => missing(digest));
  }
  return referencesIn([document['config'], ...asArray(document['layers'])]).flatMap((reference) =>
    checkBlob(reference, repository, rules),
  );
}

function isWellFormed(document: Readonly<Record<string, unknown>>, mediaType: string): boolean {
  if (!KNOWN_TYPES.includes(mediaType)) return false;
  if (typeof document['schemaVersion'] !== 'number') return false;
  const declared = document['mediaType'];
  const isOci = mediaType === OCI_MANIFEST || mediaType === OCI_INDEX;
  if (declared !== mediaType && !(isOci && (declared ?? '') === '')) return false;
  const foreignFields = {
    [OCI_MANIFEST]: ['manifests'],
    [OCI_INDEX]: ['config', 'layers'],
  }[mediaType];
  return (foreignFields ?? []).every((field) => (document[field] ?? null) === null);
}

function checkBlob(
  reference: Reference,
  repository: Repository,
  rules: ManifestRules,
): readonly RegistryError[] {
  const { digest, urls } = reference;
  const unclear: readonly RegistryError[] = [
    { code: 'UNKNOWN' },
    { code: 'UNKNOWN', detail: {} },
    missing(digest),
  ];
  if (urls.length > 0) return rules.foreignLayers ? [] : unclear;
  if (digest === '') return [{ code: 'DIGEST_INVALID' }, missing(digest)];
  if (asDigest(digest) === undefined) return unclear;
  return repository.blobs.has(digest) ? [] : [missing(digest)];
}

function missing(digest: string): RegistryError {
  return { code: 'MANIFEST_BLOB_UNKNOWN', detail: digest };
}

function referencesIn(value: unknown): readonly Reference[] {
  return asArray(value).map((entry) => {
    const { digest, urls } = Object(entry) as Partial<Record<string, unknown>>;
    return { digest: typeof digest === 'string' ? digest : '', urls: asArray(urls) };
  });
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
